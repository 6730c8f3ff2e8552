import Postgres

/// So many attempts in a stretch of time, by the generic cell rate algorithm.
///
/// The state is one point in time, the one at which everything so far is forgotten: each attempt moves it on by
/// `period / capacity`, and another one fits while it would stay within `period` of now.
struct AttemptLimit: Sendable {
    let capacity: Int
    let period: Duration

    /// By how much one attempt moves the state on.
    var step: Duration { period / capacity }

    /// How long it takes until one more attempt fits; nil when it fits now.
    ///
    /// - Parameter clearAt: The state; nil when there was no attempt.
    func wait(clearAt: Timestamp?, now: Timestamp) -> Duration? {
        guard let clearAt else { return nil }
        let wait = clearAt.since(now) + step - period
        return wait > .zero ? wait : nil
    }

    /// The state after one more attempt.
    func adding(to clearAt: Timestamp?, now: Timestamp) -> Timestamp {
        max(clearAt ?? now, now).adding(step)
    }
}
