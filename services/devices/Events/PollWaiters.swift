import FoundationEssentials
import ServiceLifecycle
import Synchronization

/// The long polls that wait in this process, by device. One that waits costs a table's row and no connection.
final class PollWaiters: Sendable {
    private struct State {
        var wakeUps: [UUID: [Int: AsyncStream<Void>.Continuation]] = [:]
        var nextNumber = 0
    }

    private let state = Mutex(State())

    /// The devices for which a poll waits.
    var devices: [UUID] { state.withLock { Array($0.wakeUps.keys) } }

    /// Ends the wait of the device's polls.
    func wake(_ device: UUID) {
        let wakeUps = state.withLock { Array(($0.wakeUps[device] ?? [:]).values) }
        for wakeUp in wakeUps { wakeUp.yield() }
    }

    /// Ends the wait of all polls.
    func wakeAll() {
        let wakeUps = state.withLock { $0.wakeUps.values.flatMap(\.values) }
        for wakeUp in wakeUps { wakeUp.yield() }
    }

    /// Runs `body` with a waiter that is woken from now on, so that nothing between a look and the wait is missed.
    func withWaiter<Value>(for device: UUID, _ body: (PollWaiter) async throws -> Value) async rethrows -> Value {
        let (stream, wakeUp) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.nextNumber += 1
            state.wakeUps[device, default: [:]][state.nextNumber] = wakeUp
            return state.nextNumber
        }
        defer {
            state.withLock { state in
                state.wakeUps[device]?[number] = nil
                if state.wakeUps[device]?.isEmpty == true { state.wakeUps[device] = nil }
            }
        }
        return try await body(PollWaiter(wakeUps: stream))
    }
}

/// The place of one poll.
struct PollWaiter: Sendable {
    fileprivate let wakeUps: AsyncStream<Void>

    /// Whether it was woken, rather than the time was over, the client gone or the service about to end.
    func wait(until deadline: ContinuousClock.Instant) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await wakeUps.first { true } != nil }
            group.addTask {
                try? await Task.sleep(until: deadline)
                return false
            }
            group.addTask {
                try? await gracefulShutdown()
                return false
            }
            let wasWoken = await group.next() ?? false
            group.cancelAll()
            return wasWoken
        }
    }
}
