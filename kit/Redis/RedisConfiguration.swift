import FoundationEssentials

/// Where the server is, and how long to wait for it.
public struct RedisConfiguration: Sendable {
    public var host: String
    public var port: Int
    /// The ACL user; without one the password is that of the default user.
    public var username: String?
    public var password: String? {
        get { secret.value }
        set { secret.value = newValue }
    }
    public var database: Int
    /// The longest time to connect and log in, from the first packet.
    public var connectTimeout: Duration = .seconds(3)
    /// The longest time from the sending of a command to its reply.
    public var commandTimeout: Duration = .seconds(3)

    private var secret: Secret

    public init(
        host: String, port: Int = 6379, username: String? = nil, password: String? = nil, database: Int = 0
    ) {
        self.host = host
        self.port = port
        self.username = username
        self.database = database
        secret = Secret(value: password)
    }

    /// Reads `redis://[[user]:password@]host[:port][/database]`; user and password are percent-encoded.
    ///
    /// - Throws: ``RedisURLError``, which never shows the URL, since it may hold the password.
    public init(url: String) throws(RedisURLError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme else { throw .malformed }
        guard scheme == "redis" else { throw .unsupportedScheme(scheme) }
        guard let host = parts.host, !host.isEmpty else { throw .missingHost }
        guard (1...65535).contains(parts.port ?? 6379) else { throw .invalidPort }
        guard parts.query == nil, parts.fragment == nil else { throw .unexpectedQuery }
        self.init(
            host: host.trimmingBrackets, port: parts.port ?? 6379,
            username: parts.user.flatMap { $0.isEmpty ? nil : $0 }, password: parts.password,
            database: try Self.database(path: parts.path))
        guard username == nil || password != nil else { throw .missingPassword }
    }

    private static func database(path: String) throws(RedisURLError) -> Int {
        let name = path.drop { $0 == "/" }
        guard !name.isEmpty else { return 0 }
        guard let number = Int(name), number >= 0 else { throw .invalidDatabase(String(name)) }
        return number
    }
}

extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible {
    /// The server without user and password.
    public var description: String { "redis://\(address)/\(database)" }
    public var debugDescription: String { description }

    var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What is wrong with the URL of a Redis server.
public enum RedisURLError: Error, Sendable, Hashable, CustomStringConvertible {
    case malformed
    case unsupportedScheme(String)
    case missingHost
    case invalidPort
    case missingPassword
    case invalidDatabase(String)
    case unexpectedQuery

    public var description: String {
        let problem =
            switch self {
            case .malformed: "is not a URL"
            case .unsupportedScheme("rediss"): "asks for TLS, which needs a sidecar: give its redis:// address"
            case .unsupportedScheme(let scheme): "has the scheme \(scheme) instead of redis"
            case .missingHost: "names no host"
            case .invalidPort: "has a port outside 1–65535"
            case .missingPassword: "has a user without a password"
            case .invalidDatabase(let name): "names the database \(name), which is no number from 0"
            case .unexpectedQuery: "has a query or a fragment"
            }
        return "the Redis URL \(problem); expected redis://[[user]:password@]host[:port][/database]"
    }
}

/// Holds a password so that no description, dump or interpolation shows it.
private struct Secret: Sendable, CustomReflectable, CustomStringConvertible {
    var value: String?

    var description: String { value == nil ? "none" : "redacted" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

extension String {
    /// An IPv6 literal stands in brackets in a URL only.
    fileprivate var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
