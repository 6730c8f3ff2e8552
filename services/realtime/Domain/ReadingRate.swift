import FoundationEssentials

/// How many readings each organization stored within the last minute, second by second.
struct ReadingRate {
    private static let seconds = 60

    private struct Counts {
        var ring = [Int](repeating: 0, count: seconds)
        /// The second that was counted last.
        var last: Int
        var total: Int { ring.reduce(0, +) }

        mutating func advance(to second: Int) {
            guard second > last else { return }
            for passed in (last + 1)...min(second, last + seconds) { ring[passed % seconds] = 0 }
            last = second
        }
    }

    private var organizations: [UUID: Counts] = [:]
    private var swept = 0

    /// - Parameter second: whole seconds of any clock.
    mutating func add(_ readings: Int, of organization: UUID, at second: Int) {
        sweep(at: second)
        var counts = organizations[organization] ?? Counts(last: second)
        counts.advance(to: second)
        // What comes late counts as now.
        counts.ring[counts.last % Self.seconds] += readings
        organizations[organization] = counts
    }

    mutating func perMinute(of organization: UUID, at second: Int) -> Int {
        organizations[organization]?.advance(to: second)
        return organizations[organization]?.total ?? 0
    }

    /// Forgets, once a minute, who has stored nothing.
    private mutating func sweep(at second: Int) {
        guard second - swept >= Self.seconds else { return }
        swept = second
        organizations = organizations.filter { second - $0.value.last < Self.seconds }
    }
}
