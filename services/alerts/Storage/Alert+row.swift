import FoundationEssentials
import Postgres

extension Alert {
    /// What ``init(row:)`` reads, in its order.
    static let columns: SQL = """
        id, organization_id, rule_id, rule_name, device_id, device_name, sensor_type, severity, message, condition,
        threshold_value, threshold_value_high, clear_value, value, reading_time, triggered_at, status, count,
        last_value, last_reading_time, acknowledged_by, acknowledged_at, resolved_by, resolved_at, notes, version
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
            lastReading: Reading(time: try row.decode(at: 19), value: try row.decode(at: 18)),
            acknowledgedBy: try row.decode(at: 20), acknowledgedAt: try row.decode(at: 21),
            resolvedBy: try row.decode(at: 22), resolvedAt: try row.decode(at: 23), notes: try row.decode(at: 24),
            version: try row.decode(at: 25))
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
            \(resolvedAt), \(notes), \(version))
        """
    }

    /// Stores what may change in an alert's life.
    var update: SQL {
        """
        UPDATE alerts.alerts SET
            status = \(status.rawValue), count = \(count), last_value = \(lastReading.value),
            last_reading_time = \(lastReading.time), acknowledged_by = \(acknowledgedBy),
            acknowledged_at = \(acknowledgedAt), resolved_by = \(resolvedBy), resolved_at = \(resolvedAt),
            notes = \(notes), version = \(version)
        WHERE organization_id = \(organizationID) AND id = \(id)
        """
    }
}
