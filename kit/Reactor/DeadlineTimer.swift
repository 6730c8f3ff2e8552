/// The one timer of an owner that has many deadlines and must hear of the earliest.
///
/// It is not moved when that deadline is met: it fires, and its owner sets it again for the one that is the earliest
/// then. So an owner costs the reactor one timer, however many deadlines it meets in the meantime.
public struct DeadlineTimer {
    private var armed: (timer: Timer, deadline: ContinuousClock.Instant)?

    public init() {}

    /// Calls `action`, which begins with ``disarm()``, at `deadline`, unless it is to be called before that anyway.
    public mutating func arm(
        for deadline: ContinuousClock.Instant, on reactor: Reactor, _ action: @escaping @Sendable () -> Void
    ) {
        if let armed, armed.deadline <= deadline { return }
        armed?.timer.cancel()
        armed = (reactor.schedule(after: ContinuousClock.now.duration(to: deadline), action), deadline)
    }

    /// The timer is not set any more.
    public mutating func disarm() {
        armed?.timer.cancel()
        armed = nil
    }
}
