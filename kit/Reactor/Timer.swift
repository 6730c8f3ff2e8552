/// An action that the reactor will run at a deadline. `@unchecked Sendable`: it is only touched on the reactor's
/// thread.
public final class Timer: Comparable, @unchecked Sendable {
    let deadline: ContinuousClock.Instant
    private var action: (@Sendable () -> Void)?

    init(deadline: ContinuousClock.Instant, action: @escaping @Sendable () -> Void) {
        self.deadline = deadline
        self.action = action
    }

    var isCancelled: Bool { action == nil }

    /// The action will not run; what it holds is released now.
    public func cancel() {
        action = nil
    }

    func fire() {
        let action = action
        self.action = nil
        action?()
    }

    public static func < (lhs: Timer, rhs: Timer) -> Bool {
        lhs.deadline < rhs.deadline
    }

    public static func == (lhs: Timer, rhs: Timer) -> Bool {
        lhs === rhs
    }
}
