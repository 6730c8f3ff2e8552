/// What runs commands: the client on its shared connection, or a connection of one's own.
///
/// SUBSCRIBE, UNSUBSCRIBE and MONITOR are not commands in this sense: see ``RedisClient/subscribe(to:bufferingNewest:)``.
public protocol RedisCommands: Sendable {
    /// Sends a command and waits for its reply.
    ///
    /// - Throws: ``RedisError``, also for an error reply; `CancellationError` as soon as the task is cancelled, in which
    ///   case the command may still run.
    func send(_ command: RedisCommand) async throws -> RESPValue

    /// Sends commands together and waits for all replies, in order. An error reply is a value here: the commands after
    /// it have run.
    ///
    /// - Throws: ``RedisError`` when a reply did not come, or `CancellationError`.
    func pipeline(_ commands: [RedisCommand]) async throws -> [RESPValue]
}

/// When SET is to set.
public enum SetCondition: String, Sendable {
    case ifAbsent = "NX"
    case ifPresent = "XX"
}

extension RedisCommands {
    /// Asks the server for a sign of life.
    public func ping() async throws {
        _ = try await send(RedisCommand("PING"))
    }

    public func get(_ key: String) async throws -> [UInt8]? {
        try await send(RedisCommand("GET", key)).bytes
    }

    /// The values of the keys, in their order.
    public func mget(_ keys: [String]) async throws -> [[UInt8]?] {
        guard !keys.isEmpty else { return [] }
        return try await send(RedisCommand("MGET", keys)).arrayOrThrow(count: keys.count).map(\.bytes)
    }

    /// Whether the key was set, which only a condition can prevent. `expiry` has a resolution of 1 ms.
    @discardableResult
    public func set(
        _ key: String, to value: any RedisArgument, _ condition: SetCondition? = nil, expiry: Duration? = nil
    ) async throws -> Bool {
        try await send(.set(key, to: value, condition, expiry: expiry)).isNull == false
    }

    /// How many of the keys there were.
    @discardableResult
    public func del(_ keys: String...) async throws -> Int {
        guard !keys.isEmpty else { return 0 }
        return try await send(RedisCommand("DEL", keys)).integerOrThrow()
    }

    /// Whether there is such a key. The resolution is 1 ms.
    @discardableResult
    public func expire(_ key: String, after expiry: Duration) async throws -> Bool {
        try await send(RedisCommand("PEXPIRE", key, expiry.milliseconds)).integerOrThrow() == 1
    }

    /// How many connections received the message.
    @discardableResult
    public func publish(_ payload: any RedisArgument, to channel: String) async throws -> Int {
        try await send(.publish(payload, to: channel)).integerOrThrow()
    }
}

extension RedisCommand {
    public static func set(
        _ key: String, to value: any RedisArgument, _ condition: SetCondition? = nil, expiry: Duration? = nil
    ) -> RedisCommand {
        var arguments: [any RedisArgument] = [key, value]
        if let condition { arguments.append(condition.rawValue) }
        if let expiry { arguments += ["PX", expiry.milliseconds] }
        return RedisCommand("SET", arguments)
    }

    public static func publish(_ payload: any RedisArgument, to channel: String) -> RedisCommand {
        RedisCommand("PUBLISH", channel, payload)
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, so that a short time does not become none.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
