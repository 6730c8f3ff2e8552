import FoundationEssentials
import Postgres

/// Where rules stand with one sensor of a device, or with the device as a whole.
struct SensorState: Sendable {
    struct Slot: Sendable {
        var state: RuleState
        /// When it is looked at again by a timer; nil where none is set.
        @Packed var timer: Timestamp? = nil

        /// Whether it waits for its time, and no timer says when that comes.
        var isUntimed: Bool { timer == nil && state.holdingSince != nil && !state.isOpen }
    }

    /// The time of the newest reading, and when it came; nil where there was none, and for the device as a whole.
    @Packed var lastReading: Timestamp? = nil
    @Packed var lastSeen: Timestamp? = nil
    /// The rules as they are for the device, and where each stands.
    var rules: [Rule] = []
    var slots: [Slot] = []
    /// Whether rules about the device as a whole take its readings, too.
    var isShared = false

    /// The state of a rule that has found nothing yet. It has seen what came since it was made, so that this need not be
    /// remembered for each rule.
    func initialState(of rule: Rule) -> RuleState {
        guard let lastReading, let lastSeen, rule.createdAt <= lastSeen else { return RuleState() }
        let kind = rule.definition.kind.name
        return RuleState(
            kind: kind, version: rule.version, lastReading: lastReading,
            holdingSince: kind == .noData ? lastReading : nil)
    }

    /// The states that do not follow from the readings' times.
    var remarkable: [(rule: Rule, state: RuleState)] {
        zip(rules, slots).compactMap { rule, slot in
            var state = slot.state
            // The value alone says nothing that the next reading would not.
            if state.holdingSince == nil || rule.definition.kind.name == .noData { state.lastValue = nil }
            return state == initialState(of: rule) ? nil : (rule, slot.state)
        }
    }

    /// Whether a rule waits for longer than it says, since the device was worked at when its time had come.
    func isHeldBack(at index: Int) -> Bool {
        guard let timer = slots[index].timer, let deadline = slots[index].state.deadline(of: rules[index]) else {
            return false
        }
        return deadline < timer
    }

    mutating func saw(_ reading: Timestamp, at now: Timestamp) {
        lastReading = max(lastReading ?? reading, reading)
        lastSeen = now
    }
}
