import FoundationEssentials
import Logging
import Metrics
import Postgres
import ServiceLifecycle
import Synchronization

/// Writes signs of life: many devices in one statement, each at most once per ``LivenessBuffer/interval``.
///
/// A flush groups by itself: while one is under way the next signs gather.
final class LivenessWriter: ServiceLifecycle.Service, CustomStringConvertible {
    private static let batchSize = 1000
    private static let tick = Duration.seconds(1)

    private struct State {
        var buffer = LivenessBuffer()
        /// Those who wait until what is due has been written.
        var waiters: [CheckedContinuation<Void, any Error>] = []
        var hasEnded = false
    }

    private let store: StatusStore
    private let announcer: Announcer
    private let logger: Logger
    private let written = Counter(label: "lms_devices_signs_of_life_written")
    private let state = Mutex(State())
    private let signals = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    init(store: StatusStore, announcer: Announcer, logger: Logger) {
        self.store = store
        self.announcer = announcer
        self.logger = logger
    }

    var description: String { "liveness" }

    /// Takes signs that nobody waits for.
    func note(_ signs: [SignOfLife]) {
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            signs.reduce(false) { isDue, sign in state.buffer.note(sign, at: now) || isDue }
        }
        if isDue { signals.continuation.yield() }
    }

    /// Takes a sign; returns once it is written if that is due at once, so that its device is seen to be online.
    ///
    /// - Throws: `PostgresError`; the sign is kept and written later.
    func take(_ sign: SignOfLife) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let mustWait = state.withLock { state in
                guard state.buffer.note(sign, at: .now), !state.hasEnded else { return false }
                state.waiters.append(continuation)
                return true
            }
            if mustWait { signals.continuation.yield() } else { continuation.resume() }
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.tick() }
                for await _ in self.signals.stream { await self.flush() }
                group.cancelAll()
            }
        }
        state.withLock { $0.hasEnded = true }
        await flush()
    }

    private func tick() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.tick)
            signals.continuation.yield()
        }
    }

    private func flush() async {
        let (signs, waiters) = state.withLock { state in
            defer { state.waiters = [] }
            return (state.buffer.takeDue(at: .now), state.waiters)
        }
        do {
            for start in stride(from: 0, to: signs.count, by: Self.batchSize) {
                let batch = Array(signs[start..<min(start + Self.batchSize, signs.count)])
                let (statuses, batteries) = try await store.write(batch)
                if !batteries.isEmpty { announcer.committed() }
                await announcer.changed(statuses)
                written.increment(by: batch.count)
            }
            for waiter in waiters { waiter.resume() }
        } catch {
            logger.warning("signs of life cannot be written; trying again", metadata: ["error": "\(error)"])
            state.withLock { $0.buffer.putBack(signs, at: .now) }
            for waiter in waiters { waiter.resume(throwing: error) }
        }
    }
}
