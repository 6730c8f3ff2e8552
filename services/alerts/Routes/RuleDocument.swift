import FoundationEssentials
import Kernel
import Postgres

/// A rule as it is answered; without the fields that its kind has no use for.
struct RuleDocument: Encodable {
    let id: String
    let organizationID: String
    let name: String
    let description: String
    let scope: RuleScopeDocument
    let kind: RuleKind.Name
    let sensorType: String?
    let condition: Comparison?
    let thresholdValue: Double?
    let thresholdValueHigh: Double?
    let clearValue: Double?
    let forSeconds: Int
    let windowSeconds: Int?
    let quality: String?
    let match: CompositeCondition.Match?
    let conditions: [TermDocument]?
    let severity: Severity
    let enabled: Bool
    let cooldownMinutes: Int
    let channelIDs: [String]
    let schedule: RuleScheduleDocument?
    let overrides: [OverrideDocument]
    let raiseAfterSeconds: Int?
    let repeatAfterSeconds: Int?
    let escalation: [EscalationDocument]
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp

    enum CodingKeys: String, CodingKey {
        case id, name, description, scope, kind, condition, quality, match, conditions, severity, enabled, schedule
        case overrides, escalation, version
        case organizationID = "organization_id"
        case sensorType = "sensor_type"
        case thresholdValue = "threshold_value"
        case thresholdValueHigh = "threshold_value_high"
        case clearValue = "clear_value"
        case forSeconds = "for_s"
        case windowSeconds = "window_s"
        case cooldownMinutes = "cooldown_minutes"
        case channelIDs = "channel_ids"
        case raiseAfterSeconds = "raise_after_s"
        case repeatAfterSeconds = "repeat_after_s"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }

    init(_ rule: Rule) {
        let definition = rule.definition
        let fields = RuleKindFields(definition.kind)
        id = rule.id.text
        organizationID = rule.organizationID.text
        name = definition.name
        description = definition.description
        scope = RuleScopeDocument(definition.scope)
        kind = fields.kind
        sensorType = fields.sensorType.isEmpty ? nil : fields.sensorType
        condition = fields.condition
        thresholdValue = fields.thresholdValue
        thresholdValueHigh = fields.thresholdValueHigh
        clearValue = fields.clearValue
        forSeconds = fields.forSeconds
        windowSeconds = fields.windowSeconds
        quality = fields.quality
        match = fields.match
        conditions = fields.conditions
        severity = definition.severity
        enabled = definition.isEnabled
        cooldownMinutes = definition.cooldownMinutes
        channelIDs = definition.channelIDs.map(\.text)
        schedule = definition.schedule.map(RuleScheduleDocument.init)
        overrides = [OverrideDocument](definition.overrides)
        raiseAfterSeconds = definition.raiseAfterSeconds
        repeatAfterSeconds = definition.repeatAfterSeconds
        escalation = definition.escalation.map(EscalationDocument.init)
        version = rule.version
        createdAt = rule.createdAt
        lastUpdated = rule.lastUpdated
    }
}
