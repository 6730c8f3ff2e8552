/// The Redis of a process: one connection for the commands of all tasks, one for all subscriptions, and connections of
/// one's own for commands that block.
///
/// It works while ``run()`` runs, which connects, and connects again after a loss with pauses of up to 2 s. Meanwhile
/// commands do not wait: they fail at once with ``RedisError/unavailable(reason:)``. A command that was under way when
/// the connection was lost fails with ``RedisError/connectionClosed(reason:)`` and is not repeated, since it may have
/// run. Subscriptions live on and are told when they stand again.
public final class RedisClient: Sendable {
    private let configuration: RedisConfiguration
    private let commands: ConnectionKeeper
    private let subscriptions: ConnectionKeeper
    private let hub: SubscriptionHub

    /// `onStatus` is called, one call at a time, whenever the connection for commands comes or goes.
    public init(_ configuration: RedisConfiguration, onStatus: @escaping @Sendable (RedisStatus) -> Void = { _ in }) {
        let hub = SubscriptionHub()
        self.configuration = configuration
        self.hub = hub
        commands = ConnectionKeeper(configuration, onStatus: onStatus)
        subscriptions = ConnectionKeeper(configuration, onPush: { hub.receive($0) })
    }

    /// Keeps the connections up until the task is cancelled; then commands fail and subscriptions end.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.commands.run() }
            group.addTask { await self.subscriptions.run(holding: self.hub.hold) }
        }
        hub.finish()
    }

    /// Whether the connection for commands stands, for readiness checks.
    public var status: RedisStatus { commands.status }

    /// Returns when the connection for commands stands.
    ///
    /// - Throws: `CancellationError`.
    public func waitUntilConnected() async throws {
        try await commands.waitUntilConnected()
    }

    /// Listens to channels. At most `limit` events wait for their reader; then the oldest are dropped and counted.
    public func subscribe(to channels: String..., bufferingNewest limit: Int = 256) -> RedisSubscription {
        hub.subscribe(to: Set(channels), limit: limit)
    }

    /// Lends a connection of one's own, for commands that block, and closes it afterwards. Cancelling the task ends a
    /// blocked command at once.
    ///
    /// - Throws: ``RedisError/connectionFailed(address:reason:)``, the server's refusal to log in, and what `body` throws.
    public func withConnection<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (RedisConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await RedisConnection.connect(to: configuration)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }
}

extension RedisClient: RedisCommands {
    /// As ``RedisCommands/send(_:)``; fails at once while there is no connection. A command that blocks would hold up
    /// all others: use ``withConnection(isolation:_:)``.
    public func send(_ command: RedisCommand) async throws -> RESPValue {
        try await commands.connection().send(command)
    }

    public func pipeline(_ commands: [RedisCommand]) async throws -> [RESPValue] {
        try await self.commands.connection().pipeline(commands)
    }
}
