import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

extension ConfigStore {
    /// How many versions of a configuration are kept.
    static let versionsKept = 100

    /// The statements that keep `config` as a version, and let the oldest go.
    func history(of config: DeviceConfig, _ cause: Cause) -> [SQL] {
        [
            Self.keepVersion(of: config.deviceID, in: config.organizationID, cause),
            """
            DELETE FROM devices.config_versions
            WHERE organization_id = \(config.organizationID) AND device_id = \(config.deviceID)
                AND version <= \(config.version - Self.versionsKept)
            """,
        ]
    }

    /// The statement that keeps the configuration as it stands as a version of it.
    static func keepVersion(of device: UUID, in organization: UUID, _ cause: Cause) -> SQL {
        """
        INSERT INTO devices.config_versions (device_id, version, organization_id, config, created_by)
        SELECT device_id, version, organization_id, config, \(cause.actor.text) FROM devices.configs
        WHERE organization_id = \(organization) AND device_id = \(device)
        """
    }

    /// A page of the versions that are kept.
    func versions(
        of device: UUID, in organization: UUID, _ page: PageRequest<Int>
    ) async throws -> [ConfigVersion] {
        try await database.query(
            """
            SELECT version, config, created_at, created_by FROM devices.config_versions
            WHERE organization_id = \(organization) AND device_id = \(device)
            \(page.keyset(by: "version"))
            """, as: .organization(organization)
        ).map(ConfigVersion.init(row:))
    }

    /// - Throws: ``DeviceError/notFound`` for one that never was, or is kept no longer.
    func version(_ version: Int, of device: UUID, in organization: UUID) async throws -> ConfigVersion {
        let rows = try await database.query(
            """
            SELECT version, config, created_at, created_by FROM devices.config_versions
            WHERE organization_id = \(organization) AND device_id = \(device) AND version = \(version)
            """, as: .organization(organization))
        guard let row = rows.first else { throw DeviceError.notFound }
        return try ConfigVersion(row: row)
    }
}

extension ConfigVersion {
    fileprivate init(row: Row) throws {
        let (version, config, createdAt, createdBy) = try row.decode(Int.self, JSONB.self, Timestamp.self, String.self)
        self.init(
            version: version, settings: try config.decode([String: AnyJSON].self), createdAt: createdAt,
            createdBy: createdBy)
    }
}
