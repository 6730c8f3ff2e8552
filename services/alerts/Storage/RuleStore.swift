import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// The rules of organizations.
struct RuleStore: Sendable {
    let database: PostgresClient

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

    /// The enabled rules of several organizations.
    func enabled(in organizations: [UUID]) async throws -> [Rule] {
        let rows = try await database.query(
            """
            SELECT \(Rule.columns) FROM alerts.rules WHERE organization_id = ANY(\(organizations)) AND enabled
            ORDER BY id
            """, as: .platform)
        return try rows.map(Rule.init(row:))
    }

    /// The rule, locked until the transaction ends.
    func lock(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws -> Rule? {
        let rows = try await transaction.query(
            "SELECT \(Rule.columns) FROM alerts.rules WHERE organization_id = \(organization) AND id = \(id) FOR UPDATE"
        )
        return try rows.first.map(Rule.init(row:))
    }

    func insert(_ rule: RuleDefinition, in organization: UUID, _ transaction: Transaction) async throws -> Rule {
        let condition = rule.condition
        let rows = try await transaction.query(
            """
            INSERT INTO alerts.rules (
                id, organization_id, name, description, kind, scope, sensor_type, condition, threshold_value,
                threshold_value_high, clear_value, for_s, severity, enabled, cooldown_minutes, channel_ids)
            VALUES (
                \(UUID.v7()), \(organization), \(rule.name), \(rule.description), 'threshold',
                \(try JSONB(RuleScopeDocument(rule.scope))), \(rule.sensorType), \(condition.comparison.rawValue),
                \(condition.value), \(condition.high), \(condition.clearValue), \(rule.holdSeconds),
                \(rule.severity.rawValue), \(rule.isEnabled), \(rule.cooldownMinutes), \(rule.channelIDs))
            RETURNING \(Rule.columns)
            """)
        return try rows.only(Rule.init(row:))
    }

    func update(_ id: UUID, to rule: RuleDefinition, in organization: UUID, _ transaction: Transaction) async throws
        -> Rule
    {
        let condition = rule.condition
        let rows = try await transaction.query(
            """
            UPDATE alerts.rules SET
                name = \(rule.name), description = \(rule.description),
                scope = \(try JSONB(RuleScopeDocument(rule.scope))), sensor_type = \(rule.sensorType),
                condition = \(condition.comparison.rawValue), threshold_value = \(condition.value),
                threshold_value_high = \(condition.high), clear_value = \(condition.clearValue),
                for_s = \(rule.holdSeconds), severity = \(rule.severity.rawValue), enabled = \(rule.isEnabled),
                cooldown_minutes = \(rule.cooldownMinutes), channel_ids = \(rule.channelIDs),
                version = version + 1, last_updated = now()
            WHERE organization_id = \(organization) AND id = \(id)
            RETURNING \(Rule.columns)
            """)
        return try rows.only(Rule.init(row:))
    }

    func delete(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws {
        try await transaction.query(
            "DELETE FROM alerts.rules WHERE organization_id = \(organization) AND id = \(id)")
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
