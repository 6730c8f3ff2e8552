import FoundationEssentials
import Kernel
import Postgres

/// Where an alert is in its life: `active → acknowledged → resolved`.
enum AlertStatus: String, Sendable, Codable, CaseIterable {
    case active, acknowledged, resolved

    var isOpen: Bool { self != .resolved }
}

/// What a rule found on one sensor of one device; at most one is open for the three together.
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
    let severity: Severity
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
            reading: finding.reading, triggeredAt: now, lastReading: finding.reading)
    }

    /// Counts another reading that violates the rule.
    mutating func count(_ reading: Reading) {
        count += 1
        lastReading = reading
        version += 1
    }

    /// Notes that a user knows of it.
    mutating func acknowledge(by user: UUID, notes: String?, at now: Timestamp) {
        status = .acknowledged
        acknowledgedBy = user
        acknowledgedAt = now
        self.notes = notes
        version += 1
    }

    /// Ends it: by a user's hand, or by itself when the condition has cleared.
    mutating func resolve(by user: UUID? = nil, notes: String? = nil, at now: Timestamp) {
        status = .resolved
        resolvedBy = user
        resolvedAt = now
        self.notes = notes ?? self.notes
        version += 1
    }
}
