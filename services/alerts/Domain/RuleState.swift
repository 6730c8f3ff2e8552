import Postgres

/// A reading as rules see it: a finite number; booleans are 1 and 0.
struct Reading: Sendable, Hashable {
    let time: Timestamp
    let value: Double
}

/// What a rule makes of a reading.
enum RuleAction: Sendable, Hashable {
    /// An alert begins.
    case trigger
    /// The open alert goes on.
    case count
    /// The open alert ends.
    case resolve
}

/// Where one rule stands with one sensor of one device.
struct RuleState: Sendable, Hashable {
    /// The time of the newest reading that was evaluated.
    var lastReading: Timestamp?
    /// The reading since which the condition has held without a break, while no alert is open.
    var holdingSince: Timestamp?
    /// When the newest alert began, by this system's clock.
    var lastTriggered: Timestamp?
    /// Whether an alert stands for it: one that is open, or was dismissed and whose condition has not cleared since.
    var isOpen = false

    /// Takes the next reading, at `now`.
    ///
    /// A reading that is not newer than the last one changes nothing: it came late or again.
    mutating func evaluate(_ reading: Reading, of rule: RuleDefinition, at now: Timestamp) -> RuleAction? {
        if let lastReading, reading.time <= lastReading { return nil }
        lastReading = reading.time
        return isOpen ? goOn(reading, rule) : begin(reading, rule, now)
    }

    private mutating func goOn(_ reading: Reading, _ rule: RuleDefinition) -> RuleAction? {
        if rule.condition.isMet(by: reading.value) { return .count }
        guard rule.condition.isCleared(by: reading.value) else { return nil }
        isOpen = false
        return .resolve
    }

    private mutating func begin(_ reading: Reading, _ rule: RuleDefinition, _ now: Timestamp) -> RuleAction? {
        guard rule.condition.isMet(by: reading.value) else {
            holdingSince = nil
            return nil
        }
        let since = holdingSince ?? reading.time
        holdingSince = since
        guard reading.time.since(since) >= .seconds(rule.holdSeconds), !isCoolingDown(rule, at: now) else { return nil }
        holdingSince = nil
        lastTriggered = now
        isOpen = true
        return .trigger
    }

    private func isCoolingDown(_ rule: RuleDefinition, at now: Timestamp) -> Bool {
        guard let lastTriggered else { return false }
        return now < lastTriggered.adding(.seconds(60 * rule.cooldownMinutes))
    }
}
