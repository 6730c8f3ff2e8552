import Reactor

/// How long to wait before a program that has died is started again: at once the first time, then longer and longer,
/// until it has once stayed up.
struct RestartPolicy: Sendable {
    /// A process that ran this long was well.
    static let longEnough = Duration.seconds(30)
    static let first = Duration.milliseconds(100)
    static let longest = Duration.seconds(10)

    private var backoff = Backoff(initial: first, maximum: longest)

    /// The delay after an exit, given how long the process ran.
    mutating func delay(ranFor duration: Duration) -> Duration {
        if duration >= Self.longEnough { backoff.reset() }
        return backoff.next()
    }
}
