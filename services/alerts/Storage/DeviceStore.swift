import FoundationEssentials
import Postgres

/// The projection of what the devices service tells; the newest version of a device wins, in whichever order they come.
struct DeviceStore: Sendable {
    func upsert(_ device: DeviceEventData, version: Int, _ transaction: Transaction) async throws {
        try await transaction.query(
            """
            INSERT INTO alerts.devices (id, organization_id, name, project_id, tags, version)
            VALUES (
                \(device.id), \(device.organizationID), \(device.name), \(device.projectID), \(device.tags ?? []),
                \(version))
            ON CONFLICT (id) DO UPDATE SET
                name = excluded.name, project_id = excluded.project_id, tags = excluded.tags,
                version = excluded.version, is_deleted = false
            WHERE excluded.version > devices.version
            """)
    }

    /// Marks a device as gone and forgets where rules stood with it.
    func remove(_ id: UUID, of organization: UUID, version: Int, _ transaction: Transaction) async throws {
        try await transaction.batch([
            """
            INSERT INTO alerts.devices (id, organization_id, name, tags, version, is_deleted)
            VALUES (\(id), \(organization), '', '{}', \(version), true)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, is_deleted = true
            WHERE excluded.version > devices.version
            """,
            "DELETE FROM alerts.rule_state WHERE organization_id = \(organization) AND device_id = \(id)",
        ])
    }
}
