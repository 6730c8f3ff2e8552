import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// What the configurations of each type of device may hold, as organizations have described it.
struct ConfigDescriptionStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    /// A description as it is kept.
    struct Entry: Sendable {
        let deviceType: String
        let description: AnyJSON
        let version: Int
        let lastUpdated: Timestamp
    }

    private static let columns: SQL = "device_type, description, version, last_updated"

    /// A page of the organization's, by type.
    func list(in organization: UUID, _ page: PageRequest<String>) async throws -> [Entry] {
        try await database.query(
            """
            SELECT \(Self.columns) FROM devices.config_descriptions WHERE organization_id = \(organization)
            \(page.keyset(by: "device_type"))
            """, as: .organization(organization)
        ).map(Entry.init(row:))
    }

    /// Nil where the type is not described.
    func find(_ deviceType: String, in organization: UUID) async throws -> Entry? {
        try await database.query(
            """
            SELECT \(Self.columns) FROM devices.config_descriptions
            WHERE organization_id = \(organization) AND device_type = \(deviceType)
            """, as: .organization(organization)
        ).first.map(Entry.init(row:))
    }

    /// Describes the type, or describes it anew.
    ///
    /// - Parameter versions: Those that the caller allows a change of; nil allows any, and a first one.
    /// - Throws: ``DeviceError``.
    func replace(
        _ deviceType: String, in organization: UUID, with description: AnyJSON, ifMatch versions: Set<Int>?,
        _ cause: Cause
    ) async throws -> Entry {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            let before = try await lock(deviceType, in: organization, ifMatch: versions, transaction)
            let rows = try await transaction.query(
                """
                INSERT INTO devices.config_descriptions AS d (organization_id, device_type, description)
                VALUES (\(organization), \(deviceType), \(try JSONB(description)))
                ON CONFLICT (organization_id, device_type) DO UPDATE
                SET description = excluded.description, version = d.version + 1, last_updated = now()
                RETURNING \(Self.columns)
                """)
            guard let row = rows.first else { throw DeviceError.notFound }
            let entry = try Entry(row: row)
            try await transaction.query(
                try ledger.described(
                    deviceType, in: organization, before: before?.description, after: description, cause))
            return entry
        }
    }

    /// - Throws: ``DeviceError``.
    func delete(
        _ deviceType: String, in organization: UUID, ifMatch versions: Set<Int>?, _ cause: Cause
    ) async throws {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            guard let before = try await lock(deviceType, in: organization, ifMatch: versions, transaction) else {
                throw DeviceError.notFound
            }
            try await transaction.query(
                """
                DELETE FROM devices.config_descriptions
                WHERE organization_id = \(organization) AND device_type = \(deviceType)
                """)
            try await transaction.query(
                try ledger.described(deviceType, in: organization, before: before.description, after: nil, cause))
        }
    }

    private func lock(
        _ deviceType: String, in organization: UUID, ifMatch versions: Set<Int>?, _ transaction: Transaction
    ) async throws -> Entry? {
        let rows = try await transaction.query(
            """
            SELECT \(Self.columns) FROM devices.config_descriptions
            WHERE organization_id = \(organization) AND device_type = \(deviceType) FOR UPDATE
            """)
        let current = try rows.first.map(Entry.init(row:))
        if let versions, !versions.contains(current?.version ?? 0) {
            throw DeviceError.stale(current: current?.version ?? 0)
        }
        return current
    }
}

extension ConfigDescriptionStore.Entry {
    fileprivate init(row: Row) throws {
        let (type, description, version, updated) = try row.decode(
            String.self, JSONB.self, Int.self, Timestamp.self)
        self.init(
            deviceType: type, description: try description.decode(AnyJSON.self), version: version,
            lastUpdated: updated)
    }
}

extension ConfigDescriptionStore.Entry: Encodable {
    private enum CodingKeys: String, CodingKey {
        case description, version
        case deviceType = "device_type"
        case lastUpdated = "last_updated"
    }
}
