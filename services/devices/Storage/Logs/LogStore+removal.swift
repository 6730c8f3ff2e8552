import EventBus
import FoundationEssentials
import Postgres

extension LogStore {
    /// To be run in the transaction that deletes a device: its entries may be millions, and go bit by bit. What arrives
    /// from it in that very instant goes with its week.
    static func beginRemoval(of device: UUID, in organization: UUID) -> SQL {
        """
        INSERT INTO devices.log_removals (organization_id, device_id) VALUES (\(organization), \(device))
        ON CONFLICT DO NOTHING
        """
    }

    /// Deletes some entries of a device that is no more. Any number of instances may; each takes another device.
    ///
    /// - Returns: Whether there may be more to do.
    func removeSome() async throws -> Bool {
        try await database.withTransaction(as: .platform) { transaction in
            let rows = try await transaction.query(
                "SELECT organization_id, device_id FROM devices.log_removals LIMIT 1 FOR UPDATE SKIP LOCKED")
            guard let (organization, device) = try rows.first?.decode(UUID.self, UUID.self) else { return false }
            let condition: SQL = "organization_id = \(organization) AND device_id = \(device)"
            if try await Self.deleteSome(where: condition, transaction) == 0 {
                try await transaction.query("DELETE FROM devices.log_removals WHERE \(condition)")
            }
            return true
        }
    }

    /// The entries of an organization. A row's place is its own in its partition alone, so they go by their key.
    static let removal = OrganizationRemoval.Step { organization, transaction in
        try await deleteSome(where: "organization_id = \(organization)", transaction)
    }

    private static func deleteSome(where condition: SQL, _ transaction: Transaction) async throws -> Int {
        try await transaction.query(
            """
            DELETE FROM devices.logs AS log
            USING (
                SELECT organization_id, device_id, time, digest FROM devices.logs WHERE \(condition)
                LIMIT \(OrganizationRemoval.batchSize)
            ) AS doomed
            WHERE log.organization_id = doomed.organization_id AND log.device_id = doomed.device_id
                AND log.time = doomed.time AND log.digest = doomed.digest
            """
        ).affectedRows
    }
}
