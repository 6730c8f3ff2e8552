import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// Where a delivery goes, with its secret in the clear.
struct WebhookTarget: Sendable {
    let url: String
    let secret: [UInt8]?
}

/// The notification channels of organizations; secrets are stored sealed.
struct ChannelStore: Sendable {
    private static let columns: SQL = """
        id, organization_id, name, type, url, sealed_secret IS NOT NULL, version, created_at, last_updated
        """

    let database: PostgresClient
    let sealer: Sealer

    /// A page of an organization's channels, by id.
    func list(in organization: UUID, _ page: PageRequest<UUID>) async throws -> [Channel] {
        let rows = try await database.query(
            """
            SELECT \(Self.columns) FROM alerts.channels WHERE organization_id = \(organization) \(page.keyset())
            """, as: .organization(organization))
        return try rows.map(Channel.init(row:))
    }

    func find(_ id: UUID, in organization: UUID) async throws -> Channel? {
        let rows = try await database.query(
            "SELECT \(Self.columns) FROM alerts.channels WHERE organization_id = \(organization) AND id = \(id)",
            as: .organization(organization))
        return try rows.first.map(Channel.init(row:))
    }

    /// The channel, locked until the transaction ends.
    func lock(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws -> Channel? {
        let rows = try await transaction.query(
            """
            SELECT \(Self.columns) FROM alerts.channels
            WHERE organization_id = \(organization) AND id = \(id) FOR UPDATE
            """)
        return try rows.first.map(Channel.init(row:))
    }

    /// Which of the ids are channels of the organization.
    func existing(_ ids: [UUID], in organization: UUID, _ transaction: Transaction) async throws -> Set<UUID> {
        let rows = try await transaction.query(
            "SELECT id FROM alerts.channels WHERE organization_id = \(organization) AND id = ANY(\(ids)) FOR SHARE")
        return Set(try rows.map { try $0.decode(UUID.self) })
    }

    func insert(
        name: String, url: String, secret: String?, in organization: UUID, _ transaction: Transaction
    ) async throws -> Channel {
        let id = UUID.v7()
        let rows = try await transaction.query(
            """
            INSERT INTO alerts.channels (id, organization_id, name, type, url, sealed_secret)
            VALUES (\(id), \(organization), \(name), 'webhook', \(url), \(try seal(secret, of: id)))
            RETURNING \(Self.columns)
            """)
        return try rows.only(Channel.init(row:))
    }

    /// - Parameter secret: nil keeps the one there is.
    func update(
        _ id: UUID, name: String, url: String, secret: String?, in organization: UUID, _ transaction: Transaction
    ) async throws -> Channel {
        let rows = try await transaction.query(
            """
            UPDATE alerts.channels SET
                name = \(name), url = \(url), sealed_secret = coalesce(\(try seal(secret, of: id)), sealed_secret),
                version = version + 1, last_updated = now()
            WHERE organization_id = \(organization) AND id = \(id)
            RETURNING \(Self.columns)
            """)
        return try rows.only(Channel.init(row:))
    }

    /// Deletes the channel and takes it out of every rule.
    func delete(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws {
        try await transaction.batch([
            "DELETE FROM alerts.channels WHERE organization_id = \(organization) AND id = \(id)",
            """
            UPDATE alerts.rules SET
                channel_ids = array_remove(channel_ids, \(id)), version = version + 1, last_updated = now()
            WHERE organization_id = \(organization) AND \(id) = ANY(channel_ids)
            """,
        ])
    }

    /// Where the channel's deliveries go.
    func target(_ id: UUID, in organization: UUID) async throws -> WebhookTarget? {
        let rows = try await database.query(
            "SELECT url, sealed_secret FROM alerts.channels WHERE organization_id = \(organization) AND id = \(id)",
            as: .organization(organization))
        return try rows.first.map { row in
            let (url, sealed) = try row.decode(String.self, [UInt8]?.self)
            return WebhookTarget(url: url, secret: try open(sealed, of: id))
        }
    }

    /// - Throws: `SealError`.
    func open(_ sealed: [UInt8]?, of channel: UUID) throws -> [UInt8]? {
        try sealed.map { try sealer.open($0, context: Self.context(channel)) }
    }

    private func seal(_ secret: String?, of channel: UUID) throws -> [UInt8]? {
        try secret.map { try sealer.seal($0.utf8, context: Self.context(channel)) }
    }

    private static func context(_ channel: UUID) -> String { "alerts.channels \(channel.text)" }
}

extension Channel {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.decode(at: 0), organizationID: try row.decode(at: 1), name: try row.decode(at: 2),
            kind: try row.decodeCase(at: 3), url: try row.decode(at: 4), hasSecret: try row.decode(at: 5),
            version: try row.decode(at: 6), createdAt: try row.decode(at: 7), lastUpdated: try row.decode(at: 8))
    }
}
