import FoundationEssentials
import Kernel
import Logging
import Postgres
import Redis

/// A whole installation on this machine: PostgreSQL and Redis, or those that somebody else runs, and the seven
/// processes.
public final class Stack: Sendable {
    /// What can be chosen.
    public struct Options: Sendable {
        /// The folder of the services' executables.
        public var binaries: String
        public var purpose: Purpose
        /// The administrator's URL of a database to use instead of a private server's.
        public var databaseURL: String?
        /// The URL of a Redis to use instead of a private one.
        public var redisURL: String?
        /// Where the gateway must listen; nil takes any free port.
        public var gatewayPort: Int?
        /// The environment that the processes inherit settings from.
        public var environment: [String: String]

        public init(binaries: String, purpose: Purpose, environment: [String: String] = [:]) {
            self.binaries = binaries
            self.purpose = purpose
            self.environment = environment
        }
    }

    public let installation: Installation
    public let folder: StateFolder
    /// The private servers, in the order in which they start.
    public let servers: [ManagedProcess]
    /// The seven processes, the gateway last.
    public let services: [Component: ManagedProcess]
    private let options: Options

    private init(
        installation: Installation, folder: StateFolder, servers: [ManagedProcess], options: Options, logger: Logger
    ) throws {
        self.installation = installation
        self.folder = folder
        self.servers = servers
        self.options = options
        let programs = try Component.allCases.map { component in
            ServiceProgram(
                component, binaries: options.binaries, environment: try installation.environment(component),
                log: folder.log(component.rawValue))
        }
        services = Dictionary(uniqueKeysWithValues: programs.map { ($0.component, ManagedProcess($0, logger: logger)) })
    }

    /// Starts the servers, makes or migrates the schema, and is ready to ``run()`` the services.
    ///
    /// - Throws: ``LocalStackError``, `PostgresError`, `KernelError`. Servers that were started are stopped again.
    public static func prepare(in folder: StateFolder, _ options: Options, logger: Logger) async throws -> Stack {
        let ports = try assignPorts(in: folder, options)
        let postgres = options.databaseURL == nil ? try await PostgresServer(in: folder, purpose: options.purpose) : nil
        let redis = options.redisURL == nil ? try RedisServer(in: folder, purpose: options.purpose) : nil
        var installation = Installation(
            administrator: try postgres?.administrator(database: "lms") ?? external(options.databaseURL),
            redisURL: redis?.url() ?? options.redisURL ?? "",
            secretKey: try options.environment["LMS_SECRET_KEY"] ?? folder.secretKey(),
            roles: try RoleNames(prefix: options.environment["LMS_DATABASE_ROLE_PREFIX"] ?? ""), ports: ports,
            inherited: options.environment)
        installation.gatewayAdminPort = try folder.port(
            "gateway-admin", preferred: options.purpose == .development ? 8081 : nil)
        installation.mailFolder = folder.path + "/mail"
        let programs: [any Program] = [postgres as (any Program)?, redis].compactMap { $0 }
        let servers = programs.map { ManagedProcess($0, logger: logger) }
        let stack = try Stack(
            installation: installation, folder: folder, servers: servers, options: options, logger: logger)
        do {
            for server in servers { try await server.start() }
            if postgres != nil { try await Schema.createDatabase(administrator: installation.administrator) }
            if let url = options.redisURL { try await checkRedis(url) }
            try await stack.bootstrap()
            try await stack.schema.migrate()
        } catch {
            await stack.stop()
            throw error
        }
        return stack
    }

    /// Errors of a server of ours are bugs; those of somebody else's are most often in the URL.
    private func bootstrap() async throws {
        guard options.databaseURL != nil else { return try await schema.bootstrap() }
        let variable = "LMS_DATABASE_URL"
        do {
            try PostgresInstallation.check(serverVersion: await schema.serverVersion(), of: variable)
            try await schema.bootstrap()
        } catch let error as PostgresError {
            if error.sqlState == .insufficientPrivilege {
                throw LocalStackError.notAdministrator(variable: variable, reason: error.message)
            }
            throw LocalStackError.unreachable(
                variable: variable, server: "\(installation.administrator)", reason: error.message)
        }
    }

    private static func checkRedis(_ url: String) async throws {
        guard let configuration = try? RedisConfiguration(url: url) else {
            throw LocalStackError.malformedURL(variable: "LMS_REDIS_URL", expected: "redis://:password@host:6379/0")
        }
        do {
            try await RedisClient(configuration).withConnection { try await $0.ping() }
        } catch {
            throw LocalStackError.unreachable(
                variable: "LMS_REDIS_URL", server: "\(configuration)", reason: "\(error)")
        }
    }

    /// The schema of this installation.
    public var schema: Schema {
        let folder = folder
        return Schema(installation, binaries: options.binaries) { folder.log("\($0)-migrate") }
    }

    /// Keeps every process running until ``stop()``.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for process in servers + services.values {
                group.addTask { await process.run() }
            }
        }
    }

    /// Stops the services, then Redis, then PostgreSQL, each in order.
    public func stop() async {
        // The gateway first: it drains what it has while those behind it still answer.
        await services[.gateway]?.stop()
        await withTaskGroup(of: Void.self) { group in
            for process in services.values { group.addTask { await process.stop() } }
        }
        for server in servers.reversed() { await server.stop() }
    }

    /// Kills the services and stops the servers, which a kill would only make recover at their next start.
    public func kill() async {
        await withTaskGroup(of: Void.self) { group in
            for process in services.values { group.addTask { await process.stop(with: .kill) } }
        }
        for server in servers.reversed() { await server.stop() }
    }

    private static func external(_ url: String?) throws -> PostgresConfiguration {
        do {
            return try PostgresConfiguration(url: url ?? "")
        } catch {
            throw LocalStackError.malformedURL(
                variable: "LMS_DATABASE_URL", expected: "postgresql://user:password@host:5432/lms")
        }
    }

    private static func assignPorts(in folder: StateFolder, _ options: Options) throws -> [Component: Int] {
        var ports: [Component: Int] = [:]
        if let wanted = options.gatewayPort {
            guard isLoopbackPortFree(wanted) else { throw LocalStackError.portBusy(wanted, option: "--port") }
            ports[.gateway] = wanted
        }
        for component in Component.allCases where ports[component] == nil {
            let preferred = options.purpose == .development ? component.defaultPort : nil
            ports[component] = try folder.port(component.rawValue, preferred: preferred)
        }
        return ports
    }
}
