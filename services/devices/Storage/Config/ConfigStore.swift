import FoundationEssentials
import Kernel
import Postgres

/// The configurations of devices.
struct ConfigStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    private static let columns: SQL = """
        device_id, organization_id, config, version, last_updated, applied_version, applied_at, reported, reported_at
        """

    /// - Throws: ``DeviceError/notFound``.
    func find(_ device: UUID, in organization: UUID) async throws -> DeviceConfig {
        let rows = try await database.query(Self.select(device, organization), as: .organization(organization))
        guard let row = rows.first else { throw DeviceError.notFound }
        return try DeviceConfig(row: row)
    }

    private static func select(_ device: UUID, _ organization: UUID) -> SQL {
        """
        SELECT \(columns) FROM devices.configs
        WHERE organization_id = \(organization) AND device_id = \(device)
        """
    }

    /// Puts `settings` in the place of the current ones; the same ones again change nothing.
    ///
    /// - Parameter versions: Those that the caller allows a change of; nil allows any.
    /// - Throws: ``DeviceError``.
    func replace(
        _ device: UUID, in organization: UUID, with settings: [String: AnyJSON], ifMatch versions: Set<Int>?,
        _ cause: Cause
    ) async throws -> DeviceConfig {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            let current: DeviceConfig = try await transaction.lock(
                Self.select(device, organization), ifMatch: versions)
            guard settings != current.settings else { return current }
            let changed = try await transaction.query(
                """
                UPDATE devices.configs
                SET config = \(try JSONB(settings)), version = version + 1, last_updated = now()
                WHERE organization_id = \(organization) AND device_id = \(device)
                RETURNING \(Self.columns)
                """)
            guard let row = changed.first else { throw DeviceError.notFound }
            let config = try DeviceConfig(row: row)
            try await transaction.batch(history(of: config, cause) + [ledger.configured(config, cause)])
            return config
        }
    }

    // MARK: What the device says

    /// Keeps the settings that the device says it works with, and that they are those of `version`, if it says so.
    ///
    /// - Throws: ``DeviceError/notFound``.
    func report(
        _ settings: [String: AnyJSON], version: Int?, by device: UUID, in organization: UUID
    ) async throws -> DeviceConfig {
        let rows = try await database.query(
            """
            UPDATE devices.configs SET reported = \(try JSONB(settings)), reported_at = now(),
                applied_version = CASE WHEN \(version) <= version THEN \(version) ELSE applied_version END,
                applied_at = CASE WHEN \(version) <= version THEN now() ELSE applied_at END
            WHERE organization_id = \(organization) AND device_id = \(device)
            RETURNING \(Self.columns)
            """, as: .organization(organization))
        guard let row = rows.first else { throw DeviceError.notFound }
        return try DeviceConfig(row: row)
    }

    /// Keeps the settings that the device says it works with, given those that it said before.
    ///
    /// - Throws: ``DeviceError/notFound``, what `change` throws.
    func report(
        by device: UUID, in organization: UUID, _ change: ([String: AnyJSON]) throws -> [String: AnyJSON]
    ) async throws {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            let rows = try await transaction.query(
                """
                SELECT reported FROM devices.configs
                WHERE organization_id = \(organization) AND device_id = \(device) FOR UPDATE
                """)
            guard let row = rows.first else { throw DeviceError.notFound }
            let reported = try row.decode(JSONB?.self, at: 0)?.decode([String: AnyJSON].self)
            let settings = try change(reported ?? [:])
            try await transaction.query(
                """
                UPDATE devices.configs SET reported = \(try JSONB(settings)), reported_at = now()
                WHERE organization_id = \(organization) AND device_id = \(device)
                """)
        }
    }

    /// Keeps that the device works with `version`; one that it was never given changes nothing.
    func noteApplied(_ version: Int, by device: UUID, in organization: UUID) async throws {
        _ = try await database.query(
            """
            UPDATE devices.configs SET applied_version = \(version), applied_at = now()
            WHERE organization_id = \(organization) AND device_id = \(device)
                AND version >= \(version) AND applied_version IS DISTINCT FROM \(version)
            """, as: .organization(organization))
    }
}

extension DeviceConfig: VersionedRow {
    init(row: Row) throws {
        var columns = ColumnReader(row)
        deviceID = try columns.next()
        organizationID = try columns.next()
        settings = try columns.nextJSON()
        version = try columns.next()
        lastUpdated = try columns.next()
        appliedVersion = try columns.next()
        appliedAt = try columns.next()
        reported = try columns.next(JSONB?.self)?.decode([String: AnyJSON].self)
        reportedAt = try columns.next()
    }
}
