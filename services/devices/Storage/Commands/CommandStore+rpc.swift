import FoundationEssentials
import Postgres

/// The numbers by which ThingsBoard's clients know commands: counted for each device.
extension CommandStore {
    /// The number of a command, which it gets the first time that it is asked for.
    ///
    /// - Throws: ``CommandError/notFound``.
    func rpcID(of command: Command) async throws -> Int {
        let (device, organization) = (command.deviceID, command.organizationID)
        let rows = try await database.withTransaction(as: .organization(organization)) { transaction in
            try await transaction.batch([
                // Of several that get one at once, each sees those before.
                "SELECT pg_advisory_xact_lock(hashtextextended('devices.commands.rpc_id ' || \(device.text), 0))",
                """
                UPDATE devices.commands
                SET rpc_id = coalesce(rpc_id, (
                    SELECT coalesce(max(rpc_id), 0) + 1 FROM devices.commands WHERE device_id = \(device)))
                WHERE organization_id = \(organization) AND id = \(command.id)
                RETURNING rpc_id
                """,
            ])
        }
        guard let number = try rows[1].first?.decode(Int.self) else { throw CommandError.notFound }
        return number
    }

    /// The id of the device's command with that number.
    ///
    /// - Throws: ``CommandError/notFound``.
    func find(rpcID number: Int, of device: UUID, in organization: UUID) async throws -> UUID {
        let rows = try await database.query(
            """
            SELECT id FROM devices.commands
            WHERE organization_id = \(organization) AND device_id = \(device) AND rpc_id = \(number)
            """, as: .organization(organization))
        guard let id = try rows.first?.decode(UUID.self) else { throw CommandError.notFound }
        return id
    }
}
