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
        try await database.query(Self.select(deviceType, organization), as: .organization(organization))
            .first.map(Entry.init(row:))
    }

    /// As ``find(_:in:)``, in a transaction that makes something that is to be as described.
    func find(_ deviceType: String, in organization: UUID, _ transaction: Transaction) async throws -> Entry? {
        try await transaction.query(Self.select(deviceType, organization)).first.map(Entry.init(row:))
    }

    private static func select(_ deviceType: String, _ organization: UUID) -> SQL {
        """
        SELECT \(columns) FROM devices.config_descriptions
        WHERE organization_id = \(organization) AND device_type = \(deviceType)
        """
    }

    /// Describes the type, or describes it anew; the same description again changes nothing.
    ///
    /// - Parameter versions: Those that the caller allows a change of; nil allows any, and a first one.
    /// - Throws: ``DeviceError``.
    func replace(
        _ deviceType: String, in organization: UUID, with description: AnyJSON, ifMatch versions: Set<Int>?,
        _ cause: Cause
    ) async throws -> Entry {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            // Where there is no row to lock yet, the first of two that come at once must still be seen by the other.
            let name = "devices.config_descriptions \(organization.text) \(deviceType)"
            try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended(\(name), 0))")
            let before: Entry? = try await transaction.lockIfPresent(
                Self.select(deviceType, organization), ifMatch: versions)
            if before == nil, versions != nil { throw DeviceError.stale(current: 0) }
            if let before, before.description == description { return before }
            let rows = try await transaction.query(
                """
                INSERT INTO devices.config_descriptions AS known (organization_id, device_type, description)
                VALUES (\(organization), \(deviceType), \(try JSONB(description)))
                ON CONFLICT (organization_id, device_type) DO UPDATE
                SET description = excluded.description, version = known.version + 1, last_updated = now()
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
            let before: Entry = try await transaction.lock(
                Self.select(deviceType, organization), ifMatch: versions)
            try await transaction.query(
                """
                DELETE FROM devices.config_descriptions
                WHERE organization_id = \(organization) AND device_type = \(deviceType)
                """)
            try await transaction.query(
                try ledger.described(deviceType, in: organization, before: before.description, after: nil, cause))
        }
    }
}

extension ConfigDescriptionStore.Entry: VersionedRow {
    init(row: Row) throws {
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
