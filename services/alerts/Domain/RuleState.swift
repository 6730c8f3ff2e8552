import Postgres

/// Where one rule stands with one sensor of one device, or with the device as a whole: a state machine that does nothing
/// but compute. Its rule is given to it as it is for that device (``Rule/resolved(for:)``).
///
/// How long something lasts and when a schedule allows it goes by the observations' own times; the cool-down goes by the
/// clock that is given as `now`.
///
/// There is one for each rule, sensor and device, so its parts stand in an order in which they take little room.
struct RuleState: Sendable, Hashable {
    /// What was compared with the rule's condition last.
    var lastValue: Double?
    /// Whether an alert stands for it: one that is open, or was dismissed and whose condition has not cleared since.
    var isOpen = false
    /// The kind and version of the rule that this is a state of; nil before the first observation.
    var kind: RuleKind.Name?
    var version = 0
    /// The time of the newest observation; with a composite rule that of the newest of any sensor.
    @Packed var lastReading: Timestamp? = nil
    /// Since when the condition has held without a break, while no alert is open. With `noData` the newest reading, with
    /// `deviceOffline` when the device went offline.
    @Packed var holdingSince: Timestamp? = nil
    /// When the newest alert began, by the clock.
    @Packed var lastTriggered: Timestamp? = nil
    var memory = RuleMemory.nothing

    /// Takes the next observation.
    ///
    /// One that is not newer than the last of its sort changes nothing: it came late or again. So does a tick before
    /// ``deadline(of:)``.
    ///
    /// - Parameters:
    ///   - now: The clock; for a tick one that is not ahead of what has been observed.
    ///   - isSuppressed: Whether nothing may trigger, as during maintenance. What holds goes on holding meanwhile, and an
    ///     open alert may end.
    mutating func take(
        _ observation: Observation, of rule: Rule, at now: Timestamp, isSuppressed: Bool = false
    ) -> RuleAction? {
        if case .tick = observation { return tick(rule, now, isSuppressed) }
        adopt(rule)
        guard let judgement = judge(observation, by: rule.definition.kind) else { return nil }
        defer { if rule.definition.kind.name == .noData { holdingSince = judgement.time } }
        return isOpen ? goOn(judgement) : begin(judgement, rule, now, isSuppressed)
    }

    /// When a tick triggers if nothing else is observed before; nil where none does. It stays as it was while the rule is
    /// suppressed, so that it may lie in the past.
    func deadline(of rule: Rule) -> Timestamp? {
        guard !isOpen else { return nil }
        var state = self
        state.adopt(rule)
        guard let since = state.holdingSince else { return nil }
        var earliest = since.adding(.seconds(rule.definition.kind.holdSeconds))
        if let end = coolDownEnd(rule) { earliest = max(earliest, end) }
        guard let schedule = rule.definition.schedule else { return earliest }
        return schedule.firstActive(from: earliest)
    }

    // MARK: The life of an alert

    private mutating func goOn(_ judgement: Judgement) -> RuleAction? {
        switch judgement.verdict {
        case .violated: return .count(Reading(time: judgement.time, value: judgement.value))
        case .neither: return nil
        case .fine:
            isOpen = false
            return .resolve
        }
    }

    private mutating func begin(
        _ judgement: Judgement, _ rule: Rule, _ now: Timestamp, _ isSuppressed: Bool
    ) -> RuleAction? {
        guard judgement.verdict == .violated else {
            holdingSince = nil
            return nil
        }
        let since = holdingSince ?? judgement.time
        holdingSince = since
        let definition = rule.definition
        guard judgement.time.since(since) >= .seconds(definition.kind.holdSeconds), !isSuppressed,
            coolDownEnd(rule).map({ now >= $0 }) ?? true, definition.schedule?.isActive(at: judgement.time) ?? true
        else { return nil }
        return trigger(rule, Reading(time: judgement.time, value: judgement.value), now)
    }

    private mutating func tick(_ rule: Rule, _ now: Timestamp, _ isSuppressed: Bool) -> RuleAction? {
        guard !isSuppressed, let deadline = deadline(of: rule), deadline <= now else { return nil }
        adopt(rule)
        return trigger(rule, Reading(time: deadline, value: value(of: rule.definition.kind, at: deadline)), now)
    }

    private mutating func trigger(_ rule: Rule, _ reading: Reading, _ now: Timestamp) -> RuleAction {
        holdingSince = nil
        lastTriggered = now
        isOpen = true
        return .trigger(
            Finding(reading: reading, message: rule.definition.kind.message(for: reading.value, memory.terms)))
    }

    /// What is compared with the condition when nothing is observed at that time.
    private func value(of kind: RuleKind, at time: Timestamp) -> Double {
        switch kind {
        case .noData, .deviceOffline: holdingSince.map { time.since($0) / .seconds(1) } ?? 0
        case .threshold, .rateOfChange, .batteryLow, .dataQuality, .composite: lastValue ?? 0
        }
    }

    private func coolDownEnd(_ rule: Rule) -> Timestamp? {
        lastTriggered?.adding(.seconds(60 * rule.definition.cooldownMinutes))
    }
}
