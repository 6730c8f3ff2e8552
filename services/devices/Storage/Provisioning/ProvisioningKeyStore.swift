import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Outbound
import Postgres

/// The fleet keys of organizations, by their hashes.
struct ProvisioningKeyStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    /// A new key, with its secret, which is nowhere else.
    struct Issue {
        let key: ProvisioningKey
        let secret: SecretToken
    }

    /// The key with that hash, of whichever organization; nil when there is none.
    func find(_ hash: SecretHash) async throws -> ProvisioningKey? {
        let rows = try await database.query(
            "SELECT \(ProvisioningKey.columns) FROM devices.provisioning_keys WHERE key_hash = \(hash.bytes)",
            as: .platform)
        return try rows.first.map(ProvisioningKey.init(row:))
    }

    /// A page of the organization's keys, by id.
    func list(in organization: UUID, _ page: PageRequest<UUID>) async throws -> [ProvisioningKey] {
        try await database.query(
            """
            SELECT \(ProvisioningKey.columns) FROM devices.provisioning_keys
            WHERE organization_id = \(organization) \(page.keyset())
            """, as: .organization(organization)
        ).map(ProvisioningKey.init(row:))
    }

    /// - Throws: ``ProvisioningError/tooManyKeys``, ``DeviceError/unknownProject(field:)``.
    func insert(
        _ terms: ProvisioningTerms, in organization: UUID, by user: UUID, _ cause: Cause, _ transaction: Transaction
    ) async throws -> Issue {
        try await Project.require(terms.defaults.projectID, of: organization, "defaults.project_id", transaction)
        let secret = SecretToken(.provisioningKey)
        let rows = try await transaction.batch([
            // Of several that are made at once, each counts those before.
            "SELECT pg_advisory_xact_lock(hashtextextended('devices.provisioning_keys ' || \(organization.text), 0))",
            """
            INSERT INTO devices.provisioning_keys (id, organization_id, key_hash, name, max_uses, expires_at,
                allowed_cidrs, defaults, created_by)
            SELECT \(UUID.v7()), \(organization), \(secret.hash.bytes), \(terms.name), \(terms.maximumUses),
                \(terms.expiresAt), \(terms.allowedRanges?.map(\.description)), \(try JSONB(terms.defaults)), \(user)
            WHERE (SELECT count(*) FROM devices.provisioning_keys WHERE organization_id = \(organization))
                < \(ProvisioningKey.maximumPerOrganization)
            RETURNING \(ProvisioningKey.columns)
            """,
        ])
        guard let row = rows[1].first else { throw ProvisioningError.tooManyKeys }
        let key = try ProvisioningKey(row: row)
        try await transaction.query(try ledger.created(key, cause))
        return Issue(key: key, secret: secret)
    }

    /// Deletes a key; the devices that came with it stay.
    ///
    /// - Throws: ``DeviceError/notFound``.
    func delete(_ id: UUID, in organization: UUID, _ cause: Cause) async throws {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            let rows = try await transaction.query(
                """
                DELETE FROM devices.provisioning_keys WHERE organization_id = \(organization) AND id = \(id)
                RETURNING \(ProvisioningKey.columns)
                """)
            guard let row = rows.first else { throw DeviceError.notFound }
            try await transaction.query(try ledger.deleted(try ProvisioningKey(row: row), cause))
        }
    }

    /// Puts no more devices into a project that is no more.
    func forget(_ project: UUID, of organization: UUID, _ transaction: Transaction) async throws {
        try await transaction.query(
            """
            UPDATE devices.provisioning_keys SET defaults = defaults - 'project_id'
            WHERE organization_id = \(organization) AND defaults ->> 'project_id' = \(project.text)
            """)
    }
}

extension ProvisioningKey {
    /// The columns that ``init(row:)`` reads, in its order.
    static let columns: SQL = """
        id, organization_id, name, max_uses, expires_at, allowed_cidrs, defaults, uses, created_by, created_at,
        last_used_at
        """

    /// - Throws: `DecodingFailure`, `DecodingError`, ``StoredValueError``.
    init(row: Row) throws {
        var columns = ColumnReader(row)
        id = try columns.next()
        organizationID = try columns.next()
        terms = try ProvisioningTerms(
            name: columns.next(), maximumUses: columns.next(), expiresAt: columns.next(),
            allowedRanges: Self.ranges(columns.next()), defaults: columns.nextJSON())
        uses = try columns.next()
        createdBy = try columns.next()
        createdAt = try columns.next()
        lastUsedAt = try columns.next()
    }

    private static func ranges(_ texts: [String]?) throws -> [AddressRange]? {
        try texts?.map { text in
            guard let range = AddressRange(text) else { throw StoredValueError(text: text) }
            return range
        }
    }
}
