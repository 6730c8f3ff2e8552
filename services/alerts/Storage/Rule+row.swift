import FoundationEssentials
import Postgres

extension Rule {
    /// What ``init(row:)`` reads, in its order.
    static let columns: SQL = """
        id, organization_id, name, description, scope, sensor_type, condition, threshold_value, threshold_value_high,
        clear_value, for_s, severity, enabled, cooldown_minutes, channel_ids, version, created_at, last_updated
        """

    /// - Throws: `DecodingFailure`, ``StoredValueError``.
    init(row: Row) throws {
        let (id, organization, name, description, scope, sensorType) = try row.decode(
            UUID.self, UUID.self, String.self, String.self, JSONB.self, String.self)
        self.init(
            id: id, organizationID: organization,
            definition: RuleDefinition(
                name: name, description: description, scope: try Self.scope(scope), sensorType: sensorType,
                condition: try ThresholdCondition(row: row, at: 6), holdSeconds: try row.decode(at: 10),
                severity: try row.decodeCase(at: 11), isEnabled: try row.decode(at: 12),
                cooldownMinutes: try row.decode(at: 13), channelIDs: try row.decode(at: 14)),
            version: try row.decode(at: 15), createdAt: try row.decode(at: 16), lastUpdated: try row.decode(at: 17))
    }

    private static func scope(_ json: JSONB) throws -> RuleScope {
        guard let scope = try json.decode(RuleScopeDocument.self).scope else { throw StoredValueError.unknown("scope") }
        return scope
    }
}

extension ThresholdCondition {
    /// Reads `condition, threshold_value, threshold_value_high, clear_value` from the column `first` on.
    init(row: Row, at first: Int) throws {
        self.init(
            try row.decodeCase(at: first), try row.decode(at: first + 1), high: try row.decode(at: first + 2),
            clearValue: try row.decode(at: first + 3))
    }
}

/// A stored value that this version does not know.
enum StoredValueError: Error, Equatable {
    case unknown(String)
}

extension Row {
    /// A column that holds the name of a case.
    ///
    /// - Throws: ``StoredValueError`` for a name that is none.
    func decodeCase<Case: RawRepresentable<String>>(_ type: Case.Type = Case.self, at column: Int) throws -> Case {
        let text = try decode(String.self, at: column)
        guard let value = Case(rawValue: text) else { throw StoredValueError.unknown(text) }
        return value
    }
}
