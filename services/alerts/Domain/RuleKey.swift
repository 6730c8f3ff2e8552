import FoundationEssentials

/// One rule at one sensor of one device: what has a state, and at most one open alert.
struct RuleKey: Sendable, Hashable {
    let ruleID: UUID
    let deviceID: UUID
    /// Empty where the rule is about the device as a whole.
    let sensorType: String
}
