/// Keeps calls away from a peer that does not answer: after some failures in a row it is left alone for a while, then
/// one call tries it.
struct CircuitBreaker: Sendable {
    private static let failuresToOpen = 5
    private static let openFor = Duration.seconds(1)

    private var failures = 0
    private var openUntil: ContinuousClock.Instant?

    /// Whether a call may be made now. While the breaker is open one call is let through each time its pause is over.
    mutating func admits(at now: ContinuousClock.Instant) -> Bool {
        guard let end = openUntil else { return true }
        guard now >= end else { return false }
        openUntil = now + Self.openFor
        return true
    }

    mutating func succeeded() {
        failures = 0
        openUntil = nil
    }

    mutating func failed(at now: ContinuousClock.Instant) {
        failures += 1
        if failures >= Self.failuresToOpen { openUntil = now + Self.openFor }
    }
}
