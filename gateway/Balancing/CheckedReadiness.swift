/// Whether the checks say that a copy of a service is ready.
///
/// A copy that says so itself is believed at once when it is not, since it is about to stop; silence must repeat itself,
/// as an answer may come late once.
struct CheckedReadiness: Sendable, Equatable {
    /// Checks in a row that it takes.
    struct Thresholds: Sendable, Equatable {
        /// Without an answer, until a copy counts as not ready.
        var unhealthyAfter = 2
        /// Answered with readiness, until it counts as ready again.
        var healthyAfter = 1
    }

    private(set) var isReady = true
    /// Checks in a row that contradict `isReady`.
    private var contradictions = 0

    /// A check has ended.
    mutating func record(_ result: CheckResult, _ thresholds: Thresholds) {
        switch (result, isReady) {
        case (.answered(true, _), true), (.answered(false, _), false), (.silent, false): contradictions = 0
        case (.answered(false, _), true): contradict(limit: 1)
        case (.silent, true): contradict(limit: thresholds.unhealthyAfter)
        case (.answered(true, _), false): contradict(limit: thresholds.healthyAfter)
        }
    }

    private mutating func contradict(limit: Int) {
        contradictions += 1
        guard contradictions >= limit else { return }
        isReady.toggle()
        contradictions = 0
    }
}
