import FoundationEssentials
import Kernel
import Postgres

/// What a rule found on one sensor of one device; at most one of the three together stands (``isStanding``).
struct Alert: Sendable, Hashable {
    let id: UUID
    let organizationID: UUID
    let ruleID: UUID
    /// The rule's name when the alert began, since the rule may change or go.
    let ruleName: String
    let deviceID: UUID
    let deviceName: String?
    /// Empty for an alert about the device as a whole.
    let sensorType: String
    var severity: Severity
    let message: String
    /// What the readings' values were compared with; nil where that is several conditions together.
    let condition: ThresholdCondition?
    /// The reading that triggered it.
    let reading: Reading
    let triggeredAt: Timestamp

    var status = AlertStatus.active
    /// How many readings have violated the rule since it began, the first included.
    var count = 1
    /// The newest reading that violated the rule.
    var lastReading: Reading
    var acknowledgedBy: UUID?
    var acknowledgedAt: Timestamp?
    /// Nil when it resolved by itself.
    var resolvedBy: UUID?
    var resolvedAt: Timestamp?
    var dismissedBy: UUID?
    var dismissedAt: Timestamp?
    /// When the condition cleared after it had been dismissed.
    var clearedAt: Timestamp?
    /// The member who sees to it.
    var assignedTo: UUID?
    /// After how many seconds without an acknowledgement its severity rises by a step, and again; nil: it stays.
    var raiseAfterSeconds: Int?
    /// When its severity rises next.
    var raiseAt: Timestamp?
    /// What was said at the newest change.
    var notes: String?
    var version = 1
}

extension Alert {
    /// The alert that begins with what the rule, as it is for the device, has found.
    init(_ rule: Rule, device: UUID, name: String?, finding: Finding, at now: Timestamp) {
        self.init(
            id: .v7(at: now), organizationID: rule.organizationID, ruleID: rule.id, ruleName: rule.definition.name,
            deviceID: device, deviceName: name, sensorType: rule.definition.sensorType,
            severity: rule.definition.severity, message: finding.message, condition: rule.definition.kind.condition,
            reading: finding.reading, triggeredAt: now, lastReading: finding.reading,
            raiseAfterSeconds: rule.definition.raiseAfterSeconds)
        raiseAt = nextRaise(after: now)
    }
}
