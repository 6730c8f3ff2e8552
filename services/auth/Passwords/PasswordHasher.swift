import Foundation
import Reactor
import Synchronization

/// Hashes and checks passwords on a few threads, so that neither event loops nor the other work of the machine wait
/// for them.
final class PasswordHasher: Sendable {
    /// Too many wait already.
    struct Overloaded: Error {
        /// When it is worth trying again.
        let retryAfter: Duration
    }

    /// Whether a hash was made from a password.
    typealias Comparison = @Sendable (_ password: String, _ hash: String) -> Bool

    /// What holds a permit: the only way to hash.
    struct Permit: Sendable {
        fileprivate let cost: Int
        fileprivate let comparison: Comparison

        /// - Throws: ``BCrypt/Failure``.
        func hash(_ password: String) async throws -> String {
            let cost = cost
            return try await runBlocking { try BCrypt.hash(password, cost: cost) }
        }

        /// Whether `hash` was made from `password`. Without a hash it is false after the same time.
        func matches(_ password: String, _ hash: String?) async throws -> Bool {
            let reference = hash ?? BCrypt.decoy(cost: cost)
            let comparison = comparison
            let matches = try await runBlocking { comparison(password, reference) }
            return matches && hash != nil
        }
    }

    private struct State {
        var queue: PermitQueue
        var waiting: [PermitQueue.Ticket: CheckedContinuation<Void, any Error>] = [:]
        var nextTicket = 0
    }

    private let cost: Int
    private let comparison: Comparison
    private let state: Mutex<State>

    /// - Parameters:
    ///   - cost: The binary logarithm of bcrypt's rounds.
    ///   - concurrency: How many threads hash at once; by default half of the machine's processors.
    ///   - queueLength: How many may wait for one of them.
    ///   - comparison: Another one only in tests, which count.
    init(
        cost: Int, concurrency: Int = max(1, ProcessInfo.processInfo.activeProcessorCount / 2), queueLength: Int = 32,
        comparison: @escaping Comparison = { BCrypt.matches($0, $1) }
    ) {
        self.cost = cost
        self.comparison = comparison
        state = Mutex(State(queue: PermitQueue(permits: concurrency, capacity: queueLength)))
    }

    /// Runs `body` once there is a permit.
    ///
    /// - Throws: ``Overloaded``, `CancellationError`, and what `body` throws.
    func withPermit<Value>(_ body: (Permit) async throws -> Value) async throws -> Value {
        try await acquire()
        defer { release() }
        return try await body(Permit(cost: cost, comparison: comparison))
    }

    private func acquire() async throws {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enter(ticket, continuation)
                if Task.isCancelled { withdraw(ticket) }
            }
        } onCancel: {
            withdraw(ticket)
        }
    }

    private func enter(_ ticket: PermitQueue.Ticket, _ continuation: CheckedContinuation<Void, any Error>) {
        let answer = state.withLock { state in
            let answer = state.queue.request(ticket)
            if answer == .queued { state.waiting[ticket] = continuation }
            return answer
        }
        switch answer {
        case .granted: continuation.resume()
        case .queued: break
        case .refused: continuation.resume(throwing: Overloaded(retryAfter: .seconds(2)))
        }
    }

    private func release() {
        let next = state.withLock { state in
            state.queue.release().flatMap { state.waiting.removeValue(forKey: $0) }
        }
        next?.resume()
    }

    private func withdraw(_ ticket: PermitQueue.Ticket) {
        let withdrawn = state.withLock { state in
            state.queue.withdraw(ticket) ? state.waiting.removeValue(forKey: ticket) : nil
        }
        withdrawn?.resume(throwing: CancellationError())
    }
}
