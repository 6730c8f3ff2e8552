import Synchronization

/// Computes a value once for all who ask for it while it is computed.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private enum Outcome: Sendable {
        case value(Value)
        case failure(any Error)
        /// Whoever computed it has gone away.
        case abandoned
    }

    private let waiting = Mutex<[Key: [AsyncStream<Outcome>.Continuation]]>([:])

    /// The value, computed by the first who asks; the others wait for it, and one of them takes over where the first is
    /// cancelled.
    ///
    /// - Throws: What `compute` throws, to all who wait; `CancellationError`.
    func value(for key: Key, computedBy compute: @Sendable () async throws -> Value) async throws -> Value {
        while true {
            let (outcomes, continuation) = AsyncStream.makeStream(
                of: Outcome.self, bufferingPolicy: .bufferingNewest(1))
            let isFirst = waiting.withLock { waiting in
                guard waiting[key] != nil else {
                    waiting[key] = []
                    return true
                }
                waiting[key]?.append(continuation)
                return false
            }
            guard !isFirst else { return try await lead(key, compute) }
            // A stream has no more than one outcome, and none where this task is cancelled.
            var found: Outcome?
            for await outcome in outcomes { found = outcome }
            switch found {
            case .value(let value)?: return value
            case .failure(let error)?: throw error
            case .abandoned?: continue
            case nil: throw CancellationError()
            }
        }
    }

    /// How many wait for a value that is being computed; nil where none is.
    func waitingCount(for key: Key) -> Int? {
        waiting.withLock { $0[key]?.count }
    }

    private func lead(_ key: Key, _ compute: @Sendable () async throws -> Value) async throws -> Value {
        do {
            let value = try await compute()
            finish(key, .value(value))
            return value
        } catch {
            finish(key, Task.isCancelled || error is CancellationError ? .abandoned : .failure(error))
            throw error
        }
    }

    private func finish(_ key: Key, _ outcome: Outcome) {
        for continuation in waiting.withLock({ $0.removeValue(forKey: key) }) ?? [] {
            continuation.yield(outcome)
            continuation.finish()
        }
    }
}
