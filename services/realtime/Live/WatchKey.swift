import EventBus
import FoundationEssentials
import Redis

/// The key that makes publishers append to an organization's live stream.
///
/// Its value is the stream's last entry when it was made. What came after that entry is all in the stream; whether
/// anything happened before it that is not, nobody knows.
struct WatchKey: Sendable {
    /// What holding a key tells.
    struct State: Sendable, Hashable {
        /// The stream's last entry.
        let end: StreamID
        /// Whether the key had to be made, so that nobody watched before.
        let isNew: Bool
    }

    private static let lifetime = LiveStream.retention

    private static let hold = RedisScript(
        """
        local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
        local entry = last[1] and last[1][1] or '0-0'
        if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 1 then return {entry, 0} end
        redis.call('SET', KEYS[1], entry, 'PX', ARGV[1])
        return {entry, 1}
        """)

    /// The command that makes or renews an organization's key; `state(_:)` reads its reply.
    static func hold(_ organization: UUID) -> RedisCommand {
        .eval(
            hold, keys: [StreamName.watch(organization), StreamName.live(organization)],
            arguments: [Int(lifetime.components.seconds) * 1000])
    }

    /// - Throws: `RedisError`.
    static func state(_ reply: RESPValue) throws -> State {
        if case .error(let prefix, let message) = reply { throw RedisError.server(prefix: prefix, message: message) }
        guard let parts = reply.array, parts.count == 2, let end = parts[0].string.flatMap(StreamID.init(_:)),
            let isNew = parts[1].integer
        else { throw RedisError.unexpectedReply(expected: "the state of a watch key", got: "another answer") }
        return State(end: end, isNew: isNew == 1)
    }
}
