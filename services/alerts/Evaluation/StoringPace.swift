import EventBus

/// When what is in memory alone is to be stored: what was counted of alerts every two seconds, and the changed states of
/// one partition after the other, so that each has its turn within sixteen seconds and none of them holds evaluation up.
struct StoringPace: Sendable {
    static let countInterval = Duration.seconds(2)
    static let stateInterval = Duration.seconds(1)

    private var nextCount = ContinuousClock.now
    private var nextState = ContinuousClock.now
    private var partition = 0

    /// Whether counts are due, and the states of which partition.
    mutating func due(at now: ContinuousClock.Instant) -> (counts: Bool, states: Int?) {
        let (isCountDue, isStateDue) = (nextCount <= now, nextState <= now)
        if isCountDue { nextCount = now + Self.countInterval }
        guard isStateDue else { return (isCountDue, nil) }
        nextState = now + Self.stateInterval
        partition = (partition + 1) % StreamName.telemetryPartitions
        return (isCountDue, partition)
    }
}
