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

/// Who else is told of an alert that nobody has acknowledged for so long.
struct EscalationStep: Sendable, Hashable {
    let afterSeconds: Int
    let channelIDs: [UUID]
}

/// What a rule says, as somebody wrote it.
struct RuleDefinition: Sendable, Hashable {
    var name: String
    var description: String
    var scope: RuleScope
    var kind: RuleKind
    var severity: Severity
    var isEnabled: Bool
    /// How long after one alert the rule stays silent about the same device and sensor.
    var cooldownMinutes: Int
    /// Where its alerts are sent.
    var channelIDs: [UUID]
    /// When it may trigger; nil: at any time.
    var schedule: RuleSchedule?
    /// The devices that have bounds of their own.
    var overrides: [UUID: ThresholdOverride] = [:]
    /// While an alert is not acknowledged, its severity rises by one each time so long has passed; nil: never.
    var raiseAfterSeconds: Int?
    /// While an alert is not acknowledged, its channels are told again each time so long has passed; nil: once.
    var repeatAfterSeconds: Int?
    /// Later steps have later times, and no channel is in two of them.
    var escalation: [EscalationStep] = []

    /// The sensor type of its alerts; empty where they are about the whole device.
    var sensorType: String { kind.sensorType }
}

/// A stored rule: one object for all that it is evaluated at.
final class Rule: Sendable {
    let id: UUID
    let organizationID: UUID
    let definition: RuleDefinition
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp

    init(
        id: UUID, organizationID: UUID, definition: RuleDefinition, version: Int, createdAt: Timestamp,
        lastUpdated: Timestamp
    ) {
        (self.id, self.organizationID, self.definition) = (id, organizationID, definition)
        (self.version, self.createdAt, self.lastUpdated) = (version, createdAt, lastUpdated)
    }

    /// The rule as it is for one device: with the bounds that the device has of its own.
    func resolved(for device: UUID) -> Rule {
        guard let own = definition.overrides[device] else { return self }
        var definition = definition
        definition.kind = definition.kind.overridden(by: own)
        return Rule(
            id: id, organizationID: organizationID, definition: definition, version: version, createdAt: createdAt,
            lastUpdated: lastUpdated)
    }
}

extension Rule: Equatable {
    static func == (first: Rule, second: Rule) -> Bool {
        first.id == second.id && first.organizationID == second.organizationID && first.version == second.version
            && first.createdAt == second.createdAt && first.lastUpdated == second.lastUpdated
            && first.definition == second.definition
    }
}
