import FoundationEssentials
import Kernel
import Postgres

/// What the processes of one installation agree on, and the environment that each gets of it.
public struct Installation: Sendable {
    /// How the administrator reaches the database.
    public var administrator: PostgresConfiguration
    public var redisURL: String
    /// `LMS_SECRET_KEY`: base64 of 32 bytes.
    public var secretKey: String
    public var roles: RoleNames
    /// Where each process listens, on 127.0.0.1.
    public var ports: [Component: Int]
    /// Where the gateway answers `/metrics`, `/livez` and `/readyz`; nil leaves it its default.
    public var gatewayAdminPort: Int?
    /// Where mail is written, unless a setting says otherwise.
    public var mailFolder: String?
    /// What the processes get besides: `PATH`, and every setting that somebody made.
    public var inherited: [String: String]

    public init(
        administrator: PostgresConfiguration, redisURL: String, secretKey: String, roles: RoleNames,
        ports: [Component: Int], inherited: [String: String]
    ) {
        self.administrator = administrator
        self.redisURL = redisURL
        self.secretKey = secretKey
        self.roles = roles
        self.ports = ports
        self.inherited = inherited
    }

    /// The base URL of a process.
    public func url(_ component: Component) -> String {
        "http://127.0.0.1:\(port(component))"
    }

    public func port(_ component: Component) -> Int {
        ports[component] ?? component.defaultPort
    }

    /// The environment of a running process: no password in it but its own.
    ///
    /// - Throws: ``LocalStackError/malformedSecretKey``.
    public func environment(_ component: Component) throws -> [String: String] {
        var environment = common
        environment["LMS_HTTP_PORT"] = "\(port(component))"
        if component == .gateway {
            environment["LMS_GATEWAY_ADMIN_PORT"] = gatewayAdminPort.map(String.init)
        } else {
            environment["LMS_HTTP_HOST"] = "127.0.0.1"
        }
        if let service = component.service {
            environment["LMS_DATABASE_URL"] = try login(roles.login(service)).url
        }
        return environment
    }

    /// The environment of a process that migrates the schema of its service, or compares it.
    ///
    /// - Throws: ``LocalStackError/malformedSecretKey``.
    public func migrationEnvironment(_ service: Service) throws -> [String: String] {
        var environment = common
        environment["LMS_DATABASE_URL"] = try login(roles.login(service)).url
        environment["LMS_DATABASE_OWNER_URL"] = try login(roles.owner(service)).url
        return environment
    }

    /// The bytes of the secret key.
    ///
    /// - Throws: ``LocalStackError/malformedSecretKey``.
    public func secretKeyBytes() throws -> [UInt8] {
        // Behind the key in use may stand older ones, after commas.
        let first = secretKey.split(separator: ",").first.map(String.init) ?? ""
        guard let key = Data(base64Encoded: first), key.count == 32 else { throw LocalStackError.malformedSecretKey }
        return Array(key)
    }

    private var common: [String: String] {
        var environment = inherited
        for key in Self.ownKeys { environment[key] = nil }
        environment["LMS_REDIS_URL"] = redisURL
        environment["LMS_SECRET_KEY"] = secretKey
        if let mailFolder, environment["LMS_MAIL_URL"] == nil { environment["LMS_MAIL_URL"] = "file://\(mailFolder)" }
        if environment["LMS_PUBLIC_URL"] == nil {
            environment["LMS_PUBLIC_URL"] = "http://localhost:\(port(.gateway))"
        }
        if !roles.prefix.isEmpty { environment["LMS_DATABASE_ROLE_PREFIX"] = roles.prefix }
        for component in Component.allCases where component != .gateway {
            environment["LMS_\(component.rawValue.uppercased())_URL"] = url(component)
        }
        return environment
    }

    /// Settings of the installation as a whole, which a process gets in a form of its own or not at all.
    private static let ownKeys = ["LMS_ADMIN_DATABASE_URL", "LMS_DATABASE_URL", "LMS_DATABASE_OWNER_URL"]

    private func login(_ role: String) throws -> PostgresConfiguration {
        administrator.asRole(role, password: Bootstrap.password(of: role, secretKey: try secretKeyBytes()))
    }
}
