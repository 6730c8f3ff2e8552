import FoundationEssentials
import Postgres

extension Alert {
    /// What ``init(row:)`` reads, in its order.
    static let columns: SQL = """
        id, organization_id, rule_id, rule_name, device_id, device_name, sensor_type, severity, message, condition,
        threshold_value, threshold_value_high, clear_value, value, reading_time, triggered_at, status, count,
        last_value, last_reading_time, acknowledged_by, acknowledged_at, resolved_by, resolved_at, notes, version,
        dismissed_by, dismissed_at, cleared_at, assigned_to, raise_after_s, raise_at
        """

    /// Of the table `alerts.alerts`: those that are open, as the index of those has it.
    static let isOpen: SQL = "alerts.status IN ('active', 'acknowledged')"
    /// As ``isStanding-swift.property``, as the index of those has it.
    static let isStanding: SQL = """
        (alerts.status IN ('active', 'acknowledged') OR (alerts.status = 'dismissed' AND alerts.cleared_at IS NULL))
        """

    /// - Throws: `DecodingFailure`, ``StoredValueError``.
    init(row: Row) throws {
        self.init(
            id: try row.decode(at: 0), organizationID: try row.decode(at: 1), ruleID: try row.decode(at: 2),
            ruleName: try row.decode(at: 3), deviceID: try row.decode(at: 4), deviceName: try row.decode(at: 5),
            sensorType: try row.decode(at: 6), severity: try row.decodeCase(at: 7), message: try row.decode(at: 8),
            condition: try ThresholdCondition?(row: row, at: 9),
            reading: Reading(time: try row.decode(at: 14), value: try row.decode(at: 13)),
            triggeredAt: try row.decode(at: 15), status: try row.decodeCase(at: 16), count: try row.decode(at: 17),
            lastReading: Reading(time: try row.decode(at: 19), value: try row.decode(at: 18)))
        try readLife(row)
    }

    /// What the alert of a row is about, however much else of it can be read.
    static func key(row: Row) throws -> RuleKey {
        RuleKey(
            ruleID: try row.decode(at: 2), deviceID: try row.decode(at: 4), sensorType: try row.decode(at: 6))
    }

    private mutating func readLife(_ row: Row) throws {
        (acknowledgedBy, acknowledgedAt) = (try row.decode(at: 20), try row.decode(at: 21))
        (resolvedBy, resolvedAt) = (try row.decode(at: 22), try row.decode(at: 23))
        (notes, version) = (try row.decode(at: 24), try row.decode(at: 25))
        (dismissedBy, dismissedAt) = (try row.decode(at: 26), try row.decode(at: 27))
        (clearedAt, assignedTo) = (try row.decode(at: 28), try row.decode(at: 29))
        (raiseAfterSeconds, raiseAt) = (try row.decode(at: 30), try row.decode(at: 31))
    }

    /// Inserts the alert.
    var insert: SQL {
        """
        INSERT INTO alerts.alerts (\(Self.columns))
        VALUES (
            \(id), \(organizationID), \(ruleID), \(ruleName), \(deviceID), \(deviceName), \(sensorType),
            \(severity.rawValue), \(message), \(condition?.comparison.rawValue), \(condition?.value), \(condition?.high),
            \(condition?.clearValue), \(reading.value), \(reading.time), \(triggeredAt), \(status.rawValue), \(count),
            \(lastReading.value), \(lastReading.time), \(acknowledgedBy), \(acknowledgedAt), \(resolvedBy),
            \(resolvedAt), \(notes), \(version), \(dismissedBy), \(dismissedAt), \(clearedAt), \(assignedTo),
            \(raiseAfterSeconds), \(raiseAt))
        """
    }

    /// Stores what may change in an alert's life.
    var update: SQL {
        """
        UPDATE alerts.alerts SET
            status = \(status.rawValue), severity = \(severity.rawValue), count = \(count), last_value = \(lastReading.value),
            last_reading_time = \(lastReading.time), acknowledged_by = \(acknowledgedBy),
            acknowledged_at = \(acknowledgedAt), resolved_by = \(resolvedBy), resolved_at = \(resolvedAt),
            notes = \(notes), version = \(version), dismissed_by = \(dismissedBy), dismissed_at = \(dismissedAt),
            cleared_at = \(clearedAt), assigned_to = \(assignedTo), raise_at = \(raiseAt)
        WHERE organization_id = \(organizationID) AND id = \(id)
        """
    }
}
