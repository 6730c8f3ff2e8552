/// Why a command has no reply to show.
public enum RedisError: Error, Sendable, Hashable {
    /// There is no connection now; the command was not sent. `reason` is why the last attempt failed.
    case unavailable(reason: String)
    /// A connection could not be made; nothing was sent.
    case connectionFailed(address: String, reason: String)
    /// The connection ended before the reply; the command may or may not have run.
    case connectionClosed(reason: String)
    /// No reply came within the deadline; the command may still run.
    case timedOut
    /// The server's error reply, such as `WRONGTYPE` or `NOSCRIPT`, and its words.
    case server(prefix: String, message: String)
    /// The reply is not of the kind that the command is documented to have.
    case unexpectedReply(expected: String, got: String)
}

extension RedisError {
    /// Whether the server could not be asked, as opposed to having refused.
    public var isConnectionFailure: Bool {
        switch self {
        case .unavailable, .connectionFailed, .connectionClosed, .timedOut: true
        case .server, .unexpectedReply: false
        }
    }

    /// The prefix of the server's error reply.
    public var serverPrefix: String? {
        guard case .server(let prefix, _) = self else { return nil }
        return prefix
    }
}

extension RedisError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let reason): "Redis is not connected: \(reason)"
        case .connectionFailed(let address, let reason): "cannot connect to Redis at \(address): \(reason)"
        case .connectionClosed(let reason): "the connection to Redis ended before the reply: \(reason)"
        case .timedOut: "Redis did not reply in time"
        case .server(let prefix, let message): "Redis refused: \(prefix) \(message)"
        case .unexpectedReply(let expected, let got): "Redis replied with \(got) instead of \(expected)"
        }
    }
}
