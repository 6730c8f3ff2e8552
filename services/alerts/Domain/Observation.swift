import Postgres

/// Something that a rule may take note of.
enum Observation: Sendable, Hashable {
    case reading(Reading, sensor: String)
    /// The device went offline, or is not offline any more.
    case status(isOffline: Bool, at: Timestamp)
    /// The device told the level of its battery, in percent.
    case battery(level: Double, at: Timestamp)
    /// Time has passed: whatever happened before now has been observed already.
    case tick
}

/// What made a rule trigger.
struct Finding: Sendable, Hashable {
    /// When, and the value that was compared with ``RuleKind/condition``. A value of a rule that waits is that of its
    /// newest observation.
    let reading: Reading
    /// Says what is wrong: `temperature 31.5 is above 30`.
    let message: String
}

/// What a rule makes of an observation.
enum RuleAction: Sendable, Hashable {
    /// An alert begins.
    case trigger(Finding)
    /// The open alert goes on; with the value that was compared.
    case count(Reading)
    /// The open alert ends.
    case resolve
}
