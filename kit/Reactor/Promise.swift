import Synchronization

/// An outcome that one task waits for. Whoever settles it first wins: the reactor's side, or the cancellation of the
/// task itself, which therefore needs no hop to the reactor.
public final class Promise<Value: Sendable>: Sendable {
    public typealias Outcome = Result<Value, any Error>

    /// The continuation is resumed once, since a promise that is awaited is settled once; that being seen to here, it
    /// need not be checked, which would cost each statement and command two allocations.
    private enum State {
        case pending
        case awaited(UnsafeContinuation<Value, any Error>)
        case settled(Outcome)
    }

    private let state = Mutex(State.pending)

    public init() {}

    /// Settles the promise, unless it is settled.
    public func settle(_ outcome: Outcome) {
        let waiting: UnsafeContinuation<Value, any Error>? = state.withLock { state in
            switch state {
            case .pending:
                state = .settled(outcome)
                return nil
            case .awaited(let continuation):
                state = .settled(outcome)
                return continuation
            case .settled:
                return nil
            }
        }
        waiting?.resume(with: outcome)
    }

    /// The outcome, waited for by one task.
    ///
    /// - Throws: what the promise was settled with, or `CancellationError` as soon as the task is cancelled.
    public func value() async throws -> Value {
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                let outcome: Outcome? = state.withLock { state in
                    if case .settled(let outcome) = state { return outcome }
                    state = .awaited(continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            settle(.failure(CancellationError()))
        }
    }
}
