import FoundationEssentials
import Kernel
import Postgres

/// For devices that are told what has changed, rather than ask for a version.
extension ConfigStore {
    /// Counts a device's changes from the configuration as it is, unless it has been told of some before.
    func beginTelling(_ device: UUID, in organization: UUID) async throws {
        _ = try await database.query(
            """
            UPDATE devices.configs SET told_version = version
            WHERE organization_id = \(organization) AND device_id = \(device) AND told_version IS NULL
            """, as: .organization(organization))
    }

    /// Those of the devices that have not been told of all changes.
    func untold(among devices: [UUID]) async throws -> [UUID] {
        try await database.query(
            "SELECT device_id FROM devices.configs WHERE device_id = ANY(\(devices)) AND told_version < version",
            as: .platform
        ).map { try $0.decode(UUID.self, at: 0) }
    }

    /// What has changed since the device was last told, of which it then has been; nil where nothing has.
    ///
    /// A device that has not been told for so long that the version it knows is not kept any more is told everything.
    func tellChanges(to device: UUID, in organization: UUID) async throws -> ConfigChanges? {
        guard try await !untold(among: [device]).isEmpty else { return nil }
        return try await database.withTransaction(as: .organization(organization)) { transaction in
            let rows = try await transaction.batch([
                """
                SELECT config FROM devices.configs
                WHERE organization_id = \(organization) AND device_id = \(device) FOR UPDATE
                """,
                """
                SELECT earlier.config FROM devices.config_versions AS earlier
                JOIN devices.configs AS current USING (organization_id, device_id)
                WHERE organization_id = \(organization) AND device_id = \(device)
                    AND earlier.version = current.told_version
                """,
                """
                UPDATE devices.configs SET told_version = version
                WHERE organization_id = \(organization) AND device_id = \(device)
                """,
            ])
            guard let row = rows[0].first else { throw DeviceError.notFound }
            let current = try row.decode(JSONB.self, at: 0).decode([String: AnyJSON].self)
            let earlier = try rows[1].first?.decode(JSONB.self, at: 0).decode([String: AnyJSON].self)
            let changes = ConfigChanges(from: earlier ?? [:], to: current)
            return changes.isEmpty ? nil : changes
        }
    }
}
