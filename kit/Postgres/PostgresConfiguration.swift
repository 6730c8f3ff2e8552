import CPostgres
import Reactor

/// Where the database is and how many connections this process may hold to it.
public struct PostgresConfiguration: Sendable {
    /// libpq's keywords and values.
    private(set) var parameters: [String: String]

    /// Connections that all single statements share, pipelined.
    public var pipelinedConnections = 2
    /// Connections that transactions, COPY and the like take for themselves.
    public var maximumLeases = 8
    /// How long a connection for leases stays open unused.
    public var leaseIdleTime = Duration.seconds(60)
    /// How long a caller waits for a connection.
    public var acquireTimeout = Duration.seconds(3)
    public var connectTimeout = Duration.seconds(5)
    /// How long a request may go unanswered, or a COPY or script stand still, before its connection is given up;
    /// ``PostgresClient/patience`` makes it shorter for a task.
    public var requestTimeout = Duration.seconds(60)

    /// The ``requestTimeout`` of what changes schemas: a single statement may work on a large table for long, without a
    /// word, and whoever migrates beside it waits as long.
    public static let migrationTimeout = Duration.seconds(4 * 3600)

    /// In force where the URL says nothing else. A machine that has vanished does not close its connections: the kernel
    /// finds out within half a minute, however long the time-outs are.
    private static let defaults = [
        "fallback_application_name": "lms", "client_encoding": "UTF8", "keepalives_idle": "15",
        "keepalives_interval": "5", "keepalives_count": "3",
    ]

    /// Reads a `postgres://` URL or libpq's `key=value` form; `sslmode` and the rest mean what libpq says.
    ///
    /// - Throws: ``PostgresError`` of kind `invalid`.
    public init(url: String) throws {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &message) else {
            // libpq's message may quote the password.
            PQfreemem(message)
            throw PostgresError(
                .invalid, "the database URL cannot be read; it must look like postgres://user:password@host:5432/lms")
        }
        defer { PQconninfoFree(options) }
        parameters = Self.defaults
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
    }

    /// What `pg_stat_activity` shows.
    public var applicationName: String {
        get { parameters["application_name"] ?? "" }
        set { parameters["application_name"] = newValue }
    }

    /// The role that the connections log in as.
    public var user: String { parameters["user"] ?? "postgres" }

    public var databaseName: String { parameters["dbname"] ?? user }

    /// The role that ``Scope/platform`` sets: the login role's name with `_platform`.
    public var platformRole: String { user + "_platform" }

    /// The same server, as another role.
    public func asRole(_ user: String, password: String) -> PostgresConfiguration {
        var copy = self
        copy.parameters["user"] = user
        copy.parameters["password"] = password
        return copy
    }

    /// The same server and role, another database.
    public func inDatabase(_ name: String) -> PostgresConfiguration {
        var copy = self
        copy.parameters["dbname"] = name
        return copy
    }

    /// The configuration as a URL, the password included.
    public var url: String {
        let settings = parameters.filter { Self.defaults[$0.key] != $0.value }
        let pairs = settings.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.percentEncode($0.value))" }
        return "postgres:///?" + pairs.joined(separator: "&")
    }

    /// The parameters with every host name resolved here rather than by libpq, which would block the reactor.
    ///
    /// - Throws: ``ResolutionError``.
    func resolved() async throws -> [String: String] {
        var parameters = parameters
        guard parameters["hostaddr"] == nil, let hosts = parameters["host"], !hosts.isEmpty else { return parameters }
        let ports = (parameters["port"] ?? "5432").split(separator: ",").map(String.init)
        var targets: [(host: String, address: String, port: String)] = []
        for (index, host) in hosts.split(separator: ",").map(String.init).enumerated() {
            let port = index < ports.count ? ports[index] : ports[0]
            let addresses = host.hasPrefix("/") ? [""] : try await resolve(host: host)
            targets += addresses.map { (host, $0, port) }
        }
        parameters["host"] = targets.map(\.host).joined(separator: ",")
        parameters["hostaddr"] = targets.map(\.address).joined(separator: ",")
        parameters["port"] = targets.map(\.port).joined(separator: ",")
        return parameters
    }

    private static func percentEncode(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}

extension PostgresConfiguration: CustomStringConvertible {
    /// Host, port and database, never the password.
    public var description: String {
        "\(user)@\(parameters["host"] ?? "localhost"):\(parameters["port"] ?? "5432")/\(databaseName)"
    }
}
