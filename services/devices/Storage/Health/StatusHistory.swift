import FoundationEssentials
import Postgres

/// Since when a device had which status, for as long as availability is told of.
struct StatusHistory: Sendable {
    let database: PostgresClient

    /// How far back it goes.
    static let length = Duration.seconds(30 * 86_400)

    /// Keeps the status of a new device.
    static func began(_ device: Device) -> SQL {
        """
        INSERT INTO devices.status_changes (organization_id, device_id, version, status, changed_at)
        VALUES (\(device.organizationID), \(device.id), \(device.version), \(device.status.rawValue),
            \(device.createdAt))
        """
    }

    /// Keeps a change, in its own transaction. That has locked the device's row, so of two changes the later one has the
    /// later time; when a transaction began does not tell.
    static func changed(_ change: StatusChange) -> SQL {
        """
        INSERT INTO devices.status_changes (organization_id, device_id, version, status, changed_at)
        VALUES (\(change.organizationID), \(change.deviceID), \(change.version), \(change.status.rawValue),
            clock_timestamp())
        """
    }

    /// The statuses that the device had since `start`, the oldest first: the status, and since when.
    static func changes(of device: UUID, in organization: UUID, since start: Timestamp) -> SQL {
        """
        SELECT status, changed_at FROM devices.status_changes
        WHERE organization_id = \(organization) AND device_id = \(device)
            AND version >= coalesce((
                SELECT max(version) FROM devices.status_changes
                WHERE organization_id = \(organization) AND device_id = \(device) AND changed_at <= \(start)), 0)
        ORDER BY version
        """
    }

    /// Deletes up to `limit` changes that were followed by another one before the history begins.
    ///
    /// - Returns: How many were deleted; 0 when another instance is at it.
    func deleteOutdated(_ limit: Int) async throws -> Int {
        try await database.withTransaction(as: .platform) { transaction in
            guard try await transaction.isFirst(to: "delete outdated statuses") else { return 0 }
            let start = Timestamp.now.adding(.zero - Self.length)
            return try await transaction.query(
                """
                DELETE FROM devices.status_changes WHERE ctid = ANY(ARRAY(
                    SELECT old.ctid FROM devices.status_changes AS old
                    WHERE old.changed_at < \(start) AND EXISTS (
                        SELECT FROM devices.status_changes AS next
                        WHERE next.organization_id = old.organization_id AND next.device_id = old.device_id
                            AND next.version > old.version AND next.changed_at <= \(start))
                    LIMIT \(limit)))
                """
            ).affectedRows
        }
    }
}
