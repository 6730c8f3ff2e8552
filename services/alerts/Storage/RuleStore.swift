import FoundationEssentials
import HTTPKit
import Kernel
import Logging
import Postgres

/// The rules of organizations.
struct RuleStore: Sendable {
    let database: PostgresClient
    let logger: Logger

    /// A page of an organization's rules, by id.
    func list(in organization: UUID, _ page: PageRequest<UUID>) async throws -> [Rule] {
        let rows = try await database.query(
            """
            SELECT \(Rule.columns) FROM alerts.rules WHERE organization_id = \(organization)
            \(page.keyset())
            """, as: .organization(organization))
        return try rows.map(Rule.init(row:))
    }

    func find(_ id: UUID, in organization: UUID) async throws -> Rule? {
        let rows = try await database.query(
            "SELECT \(Rule.columns) FROM alerts.rules WHERE organization_id = \(organization) AND id = \(id)",
            as: .organization(organization))
        return try rows.first.map(Rule.init(row:))
    }

    /// The enabled rules of several organizations, as far as they can be read.
    func enabled(in organizations: [UUID]) async throws -> [Rule] {
        let rows = try await database.query(
            """
            SELECT \(Rule.columns) FROM alerts.rules WHERE organization_id = ANY(\(organizations)) AND enabled
            ORDER BY id
            """, as: .platform)
        return rows.readable("rule", logger, Rule.init(row:))
    }

    /// The rule, locked until the transaction ends.
    func lock(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws -> Rule? {
        let rows = try await transaction.query(
            "SELECT \(Rule.columns) FROM alerts.rules WHERE organization_id = \(organization) AND id = \(id) FOR UPDATE"
        )
        return try rows.first.map(Rule.init(row:))
    }

    func insert(_ rule: RuleDefinition, in organization: UUID, _ transaction: Transaction) async throws -> Rule {
        let rows = try await transaction.query(
            """
            INSERT INTO alerts.rules (id, organization_id, \(RuleDefinition.columns))
            VALUES (\(UUID.v7()), \(organization), \(try rule.values))
            RETURNING \(Rule.columns)
            """)
        return try rows.only(Rule.init(row:))
    }

    func update(_ id: UUID, to rule: RuleDefinition, in organization: UUID, _ transaction: Transaction) async throws
        -> Rule
    {
        let rows = try await transaction.query(
            """
            UPDATE alerts.rules SET
                (\(RuleDefinition.columns)) = ROW (\(try rule.values)), version = version + 1, last_updated = now()
            WHERE organization_id = \(organization) AND id = \(id)
            RETURNING \(Rule.columns)
            """)
        return try rows.only(Rule.init(row:))
    }

    /// The rules of the ids, by id, locked until the transaction ends.
    func lock(_ ids: [UUID], in organization: UUID, _ transaction: Transaction) async throws -> [Rule] {
        let rows = try await transaction.query(
            """
            SELECT \(Rule.columns) FROM alerts.rules WHERE organization_id = \(organization) AND id = ANY(\(ids))
            ORDER BY id FOR UPDATE
            """)
        return try rows.map(Rule.init(row:))
    }

    /// Changes something in several rules; what is nil stays as it is.
    ///
    /// - Returns: The rules as they are now, by id.
    func change(
        _ ids: [UUID], enabled: Bool?, severity: Severity?, channelIDs: [UUID]?, in organization: UUID,
        _ transaction: Transaction
    ) async throws -> [Rule] {
        let rows = try await transaction.query(
            """
            UPDATE alerts.rules SET
                enabled = coalesce(\(enabled), enabled), severity = coalesce(\(severity?.rawValue), severity),
                channel_ids = coalesce(\(channelIDs), channel_ids), version = version + 1, last_updated = now()
            WHERE organization_id = \(organization) AND id = ANY(\(ids))
            RETURNING \(Rule.columns)
            """)
        return try rows.map(Rule.init(row:)).sorted { $0.id.text < $1.id.text }
    }

    /// The devices that a scope takes in, by id.
    ///
    /// - Parameters:
    ///   - among: Only those of them; nil for all.
    ///   - after: Only those behind it.
    func devices(
        in scope: RuleScope, among: [UUID]? = nil, after: UUID? = nil, limit: Int, of organization: UUID
    ) async throws -> [UUID] {
        let isAmong: SQL = among.map { "AND id = ANY(\($0))" } ?? ""
        let isFurther: SQL = after.map { "AND id > \($0)" } ?? ""
        let rows = try await database.query(
            """
            SELECT id FROM alerts.devices
            WHERE organization_id = \(organization) AND NOT is_deleted \(scope.condition) \(isAmong) \(isFurther)
            ORDER BY id LIMIT \(limit)
            """, as: .organization(organization))
        return try rows.map { try $0.decode(UUID.self) }
    }

    func delete(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws {
        try await transaction.query(
            "DELETE FROM alerts.rules WHERE organization_id = \(organization) AND id = \(id)")
    }
}

extension RuleScope {
    /// `AND …` for the devices that it takes in.
    fileprivate var condition: SQL {
        switch self {
        case .all: ""
        case .devices(let ids): "AND id = ANY(\(Array(ids)))"
        case .tags(let tags): "AND tags && \(Array(tags))"
        case .project(let project): "AND project_id = \(project)"
        }
    }
}

extension Rows {
    /// The value of the one row that a statement with RETURNING gives.
    ///
    /// - Throws: ``StoredValueError`` when there is none.
    func only<Value>(_ decode: (Row) throws -> Value) throws -> Value {
        guard let row = first else { throw StoredValueError.unknown("no row was returned") }
        return try decode(row)
    }
}
