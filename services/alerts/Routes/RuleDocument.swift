import FoundationEssentials
import Kernel
import Postgres

/// A rule as it is answered.
struct RuleDocument: Encodable {
    let id: String
    let organizationID: String
    let name: String
    let description: String
    let scope: RuleScopeDocument
    let sensorType: String
    let kind = "threshold"
    let condition: Comparison
    let thresholdValue: Double
    let thresholdValueHigh: Double?
    let clearValue: Double?
    let forSeconds: Int
    let severity: Severity
    let enabled: Bool
    let cooldownMinutes: Int
    let channelIDs: [String]
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp

    enum CodingKeys: String, CodingKey {
        case id, name, description, scope, kind, condition, severity, enabled, version
        case organizationID = "organization_id"
        case sensorType = "sensor_type"
        case thresholdValue = "threshold_value"
        case thresholdValueHigh = "threshold_value_high"
        case clearValue = "clear_value"
        case forSeconds = "for_s"
        case cooldownMinutes = "cooldown_minutes"
        case channelIDs = "channel_ids"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }

    init(_ rule: Rule) {
        let definition = rule.definition
        id = rule.id.text
        organizationID = rule.organizationID.text
        name = definition.name
        description = definition.description
        scope = RuleScopeDocument(definition.scope)
        sensorType = definition.sensorType
        condition = definition.condition.comparison
        thresholdValue = definition.condition.value
        thresholdValueHigh = definition.condition.high
        clearValue = definition.condition.clearValue
        forSeconds = definition.holdSeconds
        severity = definition.severity
        enabled = definition.isEnabled
        cooldownMinutes = definition.cooldownMinutes
        channelIDs = definition.channelIDs.map(\.text)
        version = rule.version
        createdAt = rule.createdAt
        lastUpdated = rule.lastUpdated
    }
}
