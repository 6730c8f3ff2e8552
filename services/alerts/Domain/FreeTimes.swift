import FoundationEssentials
import Postgres

/// Finds when rules may trigger, and remembers it for the devices that have the same hours and maintenance windows.
///
/// What it remembers is of the windows as they are: it must not outlive them.
struct FreeTimes: Sendable {
    private static let mostSteps = 32

    private struct Key: Hashable {
        let schedule: RuleSchedule?
        let windows: [UUID]
    }

    /// From when on it was looked, and what was found: what is free first is so for every time in between, too.
    private struct Search {
        let start: Timestamp
        let free: Timestamp?

        func answers(_ time: Timestamp) -> Bool {
            guard let free else { return time == start }
            return start <= time && time <= free
        }
    }

    private var searches: [Key: Search] = [:]

    /// The first time, not before this one, at which a rule may trigger: in its hours, and outside the windows.
    ///
    /// - Parameters:
    ///   - schedule: The rule's; nil for one that may trigger at any time.
    ///   - windows: Those of the device.
    /// - Returns: nil where windows and hours leave no such time, as far as it is looked.
    mutating func first(
        from time: Timestamp, in schedule: RuleSchedule?, outside windows: [MaintenanceWindow]
    ) -> Timestamp? {
        let key = Key(schedule: schedule, windows: windows.map(\.id))
        if let known = searches[key], known.answers(time) { return known.free }
        let free = Self.search(from: time, in: schedule, outside: windows)
        searches[key] = Search(start: time, free: free)
        return free
    }

    private static func search(
        from start: Timestamp, in schedule: RuleSchedule?, outside windows: [MaintenanceWindow]
    ) -> Timestamp? {
        var time = start
        for _ in 0..<mostSteps {
            let covering = windows.filter { $0.definition.period.contains(time) }
            let ends = covering.compactMap { $0.definition.period.end(after: time) }
            let next = covering.isEmpty ? firstActive(from: time, in: schedule) : ends.max()
            guard let next, ends.count == covering.count else { return nil }
            guard next > time else { return time }
            time = next
        }
        return nil
    }

    private static func firstActive(from time: Timestamp, in schedule: RuleSchedule?) -> Timestamp? {
        guard let schedule else { return time }
        return schedule.firstActive(from: time)
    }
}
