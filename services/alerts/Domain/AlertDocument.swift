import FoundationEssentials
import Kernel
import Postgres

/// An alert as JSON: in answers, events, live frames and notifications alike.
struct AlertDocument: Encodable, Sendable {
    let alert: Alert

    init(_ alert: Alert) {
        self.alert = alert
    }

    enum CodingKeys: String, CodingKey {
        case id, severity, status, message, condition, value, count, notes, version
        case organizationID = "organization_id"
        case ruleID = "rule_id"
        case ruleName = "rule_name"
        case deviceID = "device_id"
        case deviceName = "device_name"
        case sensorType = "sensor_type"
        case thresholdValue = "threshold_value"
        case thresholdValueHigh = "threshold_value_high"
        case readingTime = "reading_time"
        case lastValue = "last_value"
        case lastReadingTime = "last_reading_time"
        case triggeredAt = "triggered_at"
        case acknowledgedBy = "acknowledged_by"
        case acknowledgedAt = "acknowledged_at"
        case resolvedBy = "resolved_by"
        case resolvedAt = "resolved_at"
        case dismissedBy = "dismissed_by"
        case dismissedAt = "dismissed_at"
        case assignedTo = "assigned_to"
        case raiseAt = "raise_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(alert.id.text, forKey: .id)
        try container.encode(alert.organizationID.text, forKey: .organizationID)
        try container.encode(alert.ruleID.text, forKey: .ruleID)
        try container.encode(alert.ruleName, forKey: .ruleName)
        try container.encode(alert.deviceID.text, forKey: .deviceID)
        try container.encode(alert.deviceName, forKey: .deviceName)
        try container.encode(alert.sensorType.isEmpty ? nil : alert.sensorType, forKey: .sensorType)
        try container.encode(alert.severity, forKey: .severity)
        try container.encode(alert.status, forKey: .status)
        try container.encode(alert.message, forKey: .message)
        try encodeReadings(to: &container)
        try encodeLife(to: &container)
    }

    private func encodeReadings(to container: inout KeyedEncodingContainer<CodingKeys>) throws {
        try container.encode(alert.condition?.comparison, forKey: .condition)
        try container.encode(alert.condition?.value, forKey: .thresholdValue)
        try container.encode(alert.condition?.high, forKey: .thresholdValueHigh)
        try container.encode(alert.reading.value, forKey: .value)
        try container.encode(alert.reading.time, forKey: .readingTime)
        try container.encode(alert.lastReading.value, forKey: .lastValue)
        try container.encode(alert.lastReading.time, forKey: .lastReadingTime)
        try container.encode(alert.count, forKey: .count)
    }

    private func encodeLife(to container: inout KeyedEncodingContainer<CodingKeys>) throws {
        try container.encode(alert.triggeredAt, forKey: .triggeredAt)
        try container.encode(alert.acknowledgedBy?.text, forKey: .acknowledgedBy)
        try container.encode(alert.acknowledgedAt, forKey: .acknowledgedAt)
        try container.encode(alert.resolvedBy?.text, forKey: .resolvedBy)
        try container.encode(alert.resolvedAt, forKey: .resolvedAt)
        try container.encode(alert.dismissedBy?.text, forKey: .dismissedBy)
        try container.encode(alert.dismissedAt, forKey: .dismissedAt)
        try container.encode(alert.assignedTo?.text, forKey: .assignedTo)
        try container.encode(alert.raiseAt, forKey: .raiseAt)
        try container.encode(alert.notes, forKey: .notes)
        try container.encode(alert.version, forKey: .version)
    }
}
