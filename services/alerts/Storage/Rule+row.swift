import FoundationEssentials
import Postgres

extension Rule {
    /// What ``init(row:)`` reads, in its order.
    static let columns: SQL = """
        id, organization_id, version, created_at, last_updated, \(RuleDefinition.columns)
        """

    /// - Throws: `DecodingFailure`, ``StoredValueError``.
    convenience init(row: Row) throws {
        self.init(
            id: try row.decode(at: 0), organizationID: try row.decode(at: 1),
            definition: try RuleDefinition(row: row, at: 5), version: try row.decode(at: 2),
            createdAt: try row.decode(at: 3), lastUpdated: try row.decode(at: 4))
    }
}

extension RuleDefinition {
    /// What ``init(row:at:)`` reads and ``values`` gives, in their order.
    static let columns: SQL = """
        name, description, scope, severity, enabled, cooldown_minutes, channel_ids, schedule, overrides, raise_after_s,
        repeat_after_s, escalation, \(RuleKindFields.columns)
        """

    /// The values of ``columns``.
    ///
    /// - Throws: `EncodingError`.
    var values: SQL {
        get throws {
            """
            \(name), \(description), \(try JSONB(RuleScopeDocument(scope))), \(severity.rawValue), \(isEnabled),
            \(cooldownMinutes), \(channelIDs), \(try schedule.map { try JSONB(RuleScheduleDocument($0)) }),
            \(try JSONB([OverrideDocument](overrides))), \(raiseAfterSeconds), \(repeatAfterSeconds),
            \(try JSONB(escalation.map(EscalationDocument.init))), \(try RuleKindFields(kind).values)
            """
        }
    }

    fileprivate init(row: Row, at first: Int) throws {
        guard let scope = try row.decode(JSONB.self, at: first + 2).decode(RuleScopeDocument.self).scope else {
            throw StoredValueError.unknown("scope")
        }
        guard let kind = try RuleKindFields(row: row, at: first + 12).ruleKind else {
            throw StoredValueError.unknown("kind")
        }
        self.init(
            name: try row.decode(at: first), description: try row.decode(at: first + 1), scope: scope, kind: kind,
            severity: try row.decodeCase(at: first + 3), isEnabled: try row.decode(at: first + 4),
            cooldownMinutes: try row.decode(at: first + 5), channelIDs: try row.decode(at: first + 6),
            schedule: try Self.schedule(row.decode(at: first + 7)),
            overrides: try row.decode(JSONB.self, at: first + 8).decode([OverrideDocument].self).overrides,
            raiseAfterSeconds: try row.decode(at: first + 9), repeatAfterSeconds: try row.decode(at: first + 10),
            escalation: try row.decode(JSONB.self, at: first + 11).decode([EscalationDocument].self).map(\.step))
    }

    private static func schedule(_ json: JSONB?) throws -> RuleSchedule? {
        guard let json else { return nil }
        guard let schedule = try json.decode(RuleScheduleDocument.self).schedule else {
            throw StoredValueError.unknown("schedule")
        }
        return schedule
    }
}

extension RuleKindFields {
    /// What ``init(row:at:)`` reads and ``values`` gives, in their order.
    static let columns: SQL = """
        kind, sensor_type, condition, threshold_value, threshold_value_high, clear_value, for_s, window_s, quality,
        match, conditions
        """

    /// The values of ``columns``.
    fileprivate var values: SQL {
        get throws {
            """
            \(kind.rawValue), \(sensorType), \(condition?.rawValue), \(thresholdValue), \(thresholdValueHigh),
            \(clearValue), \(forSeconds), \(windowSeconds), \(quality), \(match?.rawValue),
            \(try conditions.map { try JSONB($0) })
            """
        }
    }

    fileprivate init(row: Row, at first: Int) throws {
        self.init(
            kind: try row.decodeCase(at: first), sensorType: try row.decode(at: first + 1),
            condition: try row.decodeOptionalCase(at: first + 2), thresholdValue: try row.decode(at: first + 3),
            thresholdValueHigh: try row.decode(at: first + 4), clearValue: try row.decode(at: first + 5),
            forSeconds: try row.decode(at: first + 6), windowSeconds: try row.decode(at: first + 7),
            quality: try row.decode(at: first + 8), match: try row.decodeOptionalCase(at: first + 9),
            conditions: try row.decode(JSONB?.self, at: first + 10)?.decode())
    }
}

extension ThresholdCondition? {
    /// Reads `condition, threshold_value, threshold_value_high, clear_value` from the column `first` on; nil where there
    /// is no condition.
    init(row: Row, at first: Int) throws {
        guard let comparison = try row.decodeOptionalCase(Comparison.self, at: first) else {
            self = nil
            return
        }
        self = ThresholdCondition(
            comparison, try row.decode(at: first + 1), high: try row.decode(at: first + 2),
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
        guard let value = try decodeOptionalCase(type, at: column) else { throw DecodingFailure.unexpectedNull }
        return value
    }

    /// A column that holds the name of a case, or NULL.
    ///
    /// - Throws: ``StoredValueError`` for a name that is none.
    func decodeOptionalCase<Case: RawRepresentable<String>>(
        _ type: Case.Type = Case.self, at column: Int
    ) throws -> Case? {
        guard let text = try decode(String?.self, at: column) else { return nil }
        guard let value = Case(rawValue: text) else { throw StoredValueError.unknown(text) }
        return value
    }
}
