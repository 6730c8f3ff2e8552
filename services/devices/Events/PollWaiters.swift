import FoundationEssentials
import Reactor
import ServiceLifecycle
import Synchronization

/// The long polls that wait in this process, by device. One that waits costs a table's row and no connection.
final class PollWaiters: Sendable {
    private struct State {
        var waiters: [UUID: [Int: PollWaiter]] = [:]
        var nextNumber = 0
    }

    private let state = Mutex(State())

    /// The devices for which a poll waits.
    var devices: [UUID] { state.withLock { Array($0.waiters.keys) } }

    /// Ends the wait of the device's polls.
    func wake(_ device: UUID) {
        let waiters = state.withLock { Array(($0.waiters[device] ?? [:]).values) }
        for waiter in waiters { waiter.wake() }
    }

    /// Ends the wait of all polls.
    func wakeAll() {
        let waiters = state.withLock { $0.waiters.values.flatMap(\.values) }
        for waiter in waiters { waiter.wake() }
    }

    /// Runs `body` with a waiter that is woken from now on, so that nothing between a look and the wait is missed.
    func withWaiter<Value>(for device: UUID, _ body: (PollWaiter) async throws -> Value) async rethrows -> Value {
        let waiter = PollWaiter()
        let number = state.withLock { state in
            state.nextNumber += 1
            state.waiters[device, default: [:]][state.nextNumber] = waiter
            return state.nextNumber
        }
        defer {
            state.withLock { state in
                state.waiters[device]?[number] = nil
                if state.waiters[device]?.isEmpty == true { state.waiters[device] = nil }
            }
        }
        return try await body(waiter)
    }
}

/// The place of one poll. It waits without a task of its own, since thousands do at once.
final class PollWaiter: Sendable {
    private enum State {
        case quiet
        /// What woke it came while it did not wait.
        case woken
        case waiting(Promise<Bool>)
    }

    private let state = Mutex(State.quiet)

    fileprivate func wake() {
        let promise: Promise<Bool>? = state.withLock { state in
            defer { state = .woken }
            if case .waiting(let promise) = state { return promise }
            return nil
        }
        promise?.settle(.success(true))
    }

    /// Whether it was woken, rather than the time was over, the client gone or the service about to end.
    func wait(until deadline: ContinuousClock.Instant) async -> Bool {
        let promise = Promise<Bool>()
        let isWokenAlready = state.withLock { state in
            if case .woken = state { return true }
            state = .waiting(promise)
            return false
        }
        defer { state.withLock { $0 = .quiet } }
        guard !isWokenAlready else { return true }
        Reactor.shared.perform {
            Reactor.shared.schedule(after: ContinuousClock.now.duration(to: deadline)) {
                promise.settle(.success(false))
            }
        }
        return await withGracefulShutdownHandler {
            (try? await promise.value()) ?? false
        } onGracefulShutdown: {
            promise.settle(.success(false))
        }
    }
}
