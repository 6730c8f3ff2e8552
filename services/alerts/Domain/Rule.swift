import FoundationEssentials
import Postgres

/// The devices that a rule is for.
enum RuleScope: Sendable, Hashable {
    case all
    case devices(Set<UUID>)
    /// Devices that carry any of the tags.
    case tags(Set<String>)
    case project(UUID)
}

/// What a rule says, as somebody wrote it.
struct RuleDefinition: Sendable, Hashable {
    var name: String
    var description: String
    var scope: RuleScope
    var sensorType: String
    var condition: ThresholdCondition
    /// How long the condition must hold before it triggers, in seconds by the readings' own times.
    var holdSeconds: Int
    var severity: Severity
    var isEnabled: Bool
    /// How long after one alert the rule stays silent about the same device and sensor.
    var cooldownMinutes: Int
    /// Where its alerts are sent.
    var channelIDs: [UUID]
}

/// A stored rule.
struct Rule: Sendable, Hashable {
    let id: UUID
    let organizationID: UUID
    let definition: RuleDefinition
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp
}
