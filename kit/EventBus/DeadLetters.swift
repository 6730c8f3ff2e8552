import Redis

/// The events of a stream that a consumer could not apply, until somebody has mended the cause and replays them.
public struct DeadLetters: Sendable {
    /// One of them.
    public struct Letter: Sendable {
        /// The envelope.
        public let event: [UInt8]
        /// Which entry of the stream it was.
        public let entry: StreamID
        /// The group whose consumers gave it up.
        public let group: String
        public let error: String

        var fields: [(name: String, value: any RedisArgument)] {
            [("event", event), ("entry", entry), ("group", group), ("error", error)]
        }
    }

    private let stream: String
    private let redis: any RedisCommands

    /// - Parameter stream: Whose; such as `lms:events:devices`.
    public init(of stream: String, redis: any RedisCommands) {
        self.stream = stream
        self.redis = redis
    }

    /// The oldest ones, at most `count`, with their ids as dead letters.
    ///
    /// - Throws: `RedisError`.
    public func list(count: Int) async throws -> [(id: StreamID, letter: Letter)] {
        try await redis.xrange(StreamName.dead(stream), count: count).map { entry in
            func text(_ name: String) -> String { String(decoding: entry[name] ?? [], as: UTF8.self) }
            let letter = Letter(
                event: entry["event"] ?? [], entry: StreamID(text("entry")) ?? .zero, group: text("group"),
                error: text("error"))
            return (entry.id, letter)
        }
    }

    private static let move = RedisScript(
        """
        local entry = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
        if not entry then return 0 end
        for i = 1, #entry[2], 2 do
            if entry[2][i] == 'event' then redis.call('XADD', KEYS[2], '*', 'event', entry[2][i + 1]) end
        end
        return redis.call('XDEL', KEYS[1], ARGV[1])
        """)

    /// Appends the letter's event to the stream again and removes the letter, in one step. All groups of the stream get
    /// it; those that have applied it before bear it twice.
    ///
    /// - Returns: Whether there was such a letter.
    /// - Throws: `RedisError`.
    public func replay(_ id: StreamID) async throws -> Bool {
        let reply = try await redis.eval(Self.move, keys: [StreamName.dead(stream), stream], arguments: [id])
        return reply.integer == 1
    }
}
