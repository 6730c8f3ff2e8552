import Synchronization

/// The reply that a task waits for. Whoever resolves it first wins: the reply, the deadline, the end of the connection,
/// or the task's own cancellation, which thereby needs nothing of the reactor.
final class ReplyPromise: Sendable {
    typealias Outcome = Result<RESPValue, any Error>

    private enum State {
        case pending
        case awaited(CheckedContinuation<RESPValue, any Error>)
        case resolved(Outcome)
    }

    private let state = Mutex(State.pending)

    func resolve(_ outcome: Outcome) {
        let waiting: CheckedContinuation<RESPValue, any Error>? = state.withLock { state in
            switch state {
            case .pending:
                state = .resolved(outcome)
                return nil
            case .awaited(let continuation):
                state = .resolved(outcome)
                return continuation
            case .resolved:
                return nil
            }
        }
        waiting?.resume(with: outcome)
    }

    /// The reply, waited for by one task. An error reply is a value here.
    ///
    /// - Throws: ``RedisError``, or `CancellationError` as soon as the task is cancelled.
    func value() async throws -> RESPValue {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Outcome? = state.withLock { state in
                    if case .resolved(let outcome) = state { return outcome }
                    state = .awaited(continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            resolve(.failure(CancellationError()))
        }
    }
}
