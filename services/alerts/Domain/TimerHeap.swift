import FoundationEssentials
import Postgres

/// When a rule is to be looked at again, though nothing has been observed.
struct RuleTimer: Sendable, Hashable {
    let deadline: Timestamp
    let deviceID: UUID
    let sensorType: String
    let ruleID: UUID
}

/// Timers, of which the earliest is at hand: a binary heap.
struct TimerHeap: Sendable {
    private var timers: [RuleTimer]

    init(_ timers: [RuleTimer] = []) {
        // What is in order is a heap.
        self.timers = timers.sorted { $0.deadline < $1.deadline }
    }

    var count: Int { timers.count }

    /// Whether the time of any has come.
    func isDue(at clock: Timestamp) -> Bool {
        timers.first.map { $0.deadline <= clock } ?? false
    }

    mutating func insert(_ timer: RuleTimer) {
        timers.append(timer)
        var child = timers.count - 1
        while child > 0, timers[child].deadline < timers[(child - 1) / 2].deadline {
            timers.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the earliest timer out, if its time has come.
    mutating func takeDue(at clock: Timestamp) -> RuleTimer? {
        guard let first = timers.first, first.deadline <= clock else { return nil }
        let last = timers.removeLast()
        if !timers.isEmpty {
            timers[0] = last
            sink()
        }
        return first
    }

    private mutating func sink() {
        var parent = 0
        while true {
            let first = 2 * parent + 1
            guard first < timers.count else { return }
            let second = min(first + 1, timers.count - 1)
            let least = timers[second].deadline < timers[first].deadline ? second : first
            guard timers[least].deadline < timers[parent].deadline else { return }
            timers.swapAt(parent, least)
            parent = least
        }
    }
}
