import Synchronization

/// Keeps one connection up for as long as ``run(holding:)`` runs: the shell around ``ConnectionLife``.
final class ConnectionKeeper: Sendable {
    private typealias Waiter = CheckedContinuation<Void, any Error>

    private struct State {
        var status = RedisStatus.disconnected(reason: "not started")
        var connection: RedisConnection?
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0

        /// The connection, unless it has ended and this has only not been noticed yet.
        var liveConnection: RedisConnection? {
            connection?.endReason == nil ? connection : nil
        }
    }

    private let configuration: RedisConfiguration
    private let onStatus: @Sendable (RedisStatus) -> Void
    private let onPush: @Sendable (RESPValue) -> Void
    private let state = Mutex(State())

    init(
        _ configuration: RedisConfiguration, onStatus: @escaping @Sendable (RedisStatus) -> Void = { _ in },
        onPush: @escaping @Sendable (RESPValue) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.onStatus = onStatus
        self.onPush = onPush
    }

    var status: RedisStatus { state.withLock { $0.status } }

    /// The connection that stands now.
    ///
    /// - Throws: ``RedisError/unavailable(reason:)``.
    func connection() throws(RedisError) -> RedisConnection {
        let (connection, status) = state.withLock { ($0.liveConnection, $0.status) }
        if let connection { return connection }
        switch status {
        case .disconnected(let reason): throw .unavailable(reason: reason)
        case .connected: throw .unavailable(reason: "the connection has just been lost")
        }
    }

    /// Returns when the connection stands.
    ///
    /// - Throws: `CancellationError`.
    func waitUntilConnected() async throws {
        let id = state.withLock { state in
            defer { state.nextWaiter += 1 }
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (waiter: Waiter) in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if state.liveConnection != nil { return .success(()) }
                    // Checked under the lock: a cancellation from now on finds the waiter.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiters[id] = waiter
                    return nil
                }
                if let outcome { waiter.resume(with: outcome) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(throwing: CancellationError())
        }
    }

    /// Connects, calls `hold` for as long as the connection lives, and connects again; ends when the task is cancelled.
    func run(holding hold: (RedisConnection) async -> Void = { await $0.waitUntilEnded() }) async {
        var life = ConnectionLife()
        var action = ConnectionLife.Action.connect
        while action != .finish {
            let event = await perform(action, hold)
            action = life.handle(Task.isCancelled ? .cancelled : event)
            if status != life.status { change(to: life.status) }
        }
        await dropConnection()
    }

    private func perform(
        _ action: ConnectionLife.Action, _ hold: (RedisConnection) async -> Void
    ) async -> ConnectionLife.Event {
        switch action {
        case .connect: await connect()
        case .hold: await self.hold(hold)
        case .pause(let duration): await pause(for: duration)
        case .finish: .cancelled
        }
    }

    private func connect() async -> ConnectionLife.Event {
        do {
            let connection = try await RedisConnection.connect(to: configuration, onPush: onPush)
            state.withLock { $0.connection = connection }
            return .connected
        } catch {
            return .failed(reason: "\(error)")
        }
    }

    private func hold(_ hold: (RedisConnection) async -> Void) async -> ConnectionLife.Event {
        guard let connection = state.withLock({ $0.connection }) else { return .failed(reason: "no connection") }
        let start = ContinuousClock.now
        await hold(connection)
        await dropConnection()
        return .lost(reason: connection.endReason ?? "closed", livedFor: start.duration(to: .now))
    }

    private func dropConnection() async {
        let connection = state.withLock { $0.connection.take() }
        await connection?.close()
    }

    private func pause(for duration: Duration) async -> ConnectionLife.Event {
        // A cancelled sleep ends early, and the caller looks for cancellation itself.
        try? await Task.sleep(for: duration)
        return .pauseElapsed
    }

    private func change(to status: RedisStatus) {
        let waiters = state.withLock { state in
            state.status = status
            guard status == .connected else { return [Waiter]() }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
        onStatus(status)
    }
}

extension RedisConnection {
    /// Returns when the connection has ended or the task is cancelled.
    nonisolated func waitUntilEnded() async {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        whenEnded { _ in end.finish() }
        for await _ in ends {}
    }
}
