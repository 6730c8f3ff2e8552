import Crypto
import FoundationEssentials
import Kernel
import LocalStack
import Postgres

/// A database of its own for a suite or a test, with the kernel's schema and those of the services asked for.
///
/// It is copied from a template that is migrated once, so that each costs some ten milliseconds. Roles belong to the
/// cluster, so all share their names; what a role may do it may do in each database alike, but sees only its own.
public struct TestDatabase: Sendable {
    public let name: String
    public let roles: RoleNames
    /// What the roles' passwords are derived from; 32 bytes.
    public let secretKey: [UInt8]
    /// The administrator's access, which row security does not bind.
    public let administrator: PostgresConfiguration
    /// A Redis database that nobody else uses.
    public let redisURL: String

    /// `LMS_SECRET_KEY` in its written form.
    public var encodedSecretKey: String { Data(secretKey).base64EncodedString() }

    /// What the service connects with.
    public func configuration(_ service: Service) -> PostgresConfiguration {
        login(roles.login(service))
    }

    /// What the service's migrations run with.
    public func ownerConfiguration(_ service: Service) -> PostgresConfiguration {
        login(roles.owner(service))
    }

    private func login(_ role: String) -> PostgresConfiguration {
        administrator.asRole(role, password: Bootstrap.password(of: role, secretKey: secretKey))
    }

    /// Makes a database that lasts as long as the servers.
    ///
    /// - Parameters:
    ///   - migrations: The folders of the services whose migrations are applied.
    ///   - servers: The servers to use instead of the shared ones.
    /// - Throws: `PostgresError`, `KernelError`, `LocalStackError`.
    public static func make(
        migrations: [Service: URL] = [:], on servers: TestServers? = nil
    ) async throws -> TestDatabase {
        let servers = if let servers { servers } else { try await TestServers.shared() }
        let template = try await servers.templates.template(migrations: migrations, on: servers)
        let name = try await servers.createDatabase(template: template.name)
        return template.copied(as: name, redisURL: servers.newRedisURL())
    }

    /// Makes a database for the length of `body`, and removes it.
    ///
    /// - Throws: as ``make(migrations:on:)``, and what `body` throws.
    public static func with<Result>(
        migrations: [Service: URL] = [:], on servers: TestServers? = nil,
        _ body: (TestDatabase) async throws -> Result
    ) async throws -> Result {
        let servers = if let servers { servers } else { try await TestServers.shared() }
        let database = try await make(migrations: migrations, on: servers)
        do {
            let result = try await body(database)
            try await servers.dropDatabase(database.name)
            return result
        } catch {
            try? await servers.dropDatabase(database.name)
            throw error
        }
    }

    private func copied(as name: String, redisURL: String) -> TestDatabase {
        TestDatabase(
            name: name, roles: roles, secretKey: secretKey, administrator: administrator.inDatabase(name),
            redisURL: redisURL)
    }
}

extension TestServers {
    /// Makes an empty database and returns its name; for what is to be tried before any bootstrap.
    ///
    /// - Throws: `PostgresError`.
    public func createDatabase(template: String = "template0") async throws -> String {
        let name = "lms_test_" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        try await withClient(administrator) { client in
            // The copy is refused while another one of the same template is under way.
            try await eventually(within: .seconds(30)) {
                try await client.run(statement: "CREATE DATABASE \(name) TEMPLATE \(template)")
                return true
            }
        }
        return name
    }

    /// Removes a database; its connections are cut off.
    ///
    /// - Throws: `PostgresError`.
    public func dropDatabase(_ name: String) async throws {
        try await withClient(administrator) { client in
            try await client.run(statement: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        }
    }
}

/// Runs a client for the length of `body`.
///
/// - Throws: what `body` throws.
public func withClient<Result: Sendable>(
    _ configuration: PostgresConfiguration, connections: Int = 1,
    _ body: @Sendable (PostgresClient) async throws -> Result
) async throws -> Result {
    var configuration = configuration
    configuration.pipelinedConnections = connections
    let client = PostgresClient(configuration)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await client.run() }
        defer { group.cancelAll() }
        return try await body(client)
    }
}

/// The migrated databases that others are copied from, one for each choice of services.
actor Templates {
    private var templates: [[String]: Once<TestDatabase>] = [:]

    func template(migrations: [Service: URL], on servers: TestServers) async throws -> TestDatabase {
        let key = migrations.map { "\($0.key) \($0.value.path)" }.sorted()
        let once = templates[key] ?? Once()
        templates[key] = once
        return try await once.value { try await Self.make(migrations, on: servers) }
    }

    private static func make(_ migrations: [Service: URL], on servers: TestServers) async throws -> TestDatabase {
        let name = try await servers.createDatabase()
        // Always the same on the same cluster, so that several runs at once agree on the passwords of the roles.
        let secretKey = Array(SHA256.hash(data: Data(servers.administrator.url.utf8)))
        let template = TestDatabase(
            name: name, roles: try RoleNames(prefix: "test_"), secretKey: secretKey,
            administrator: servers.administrator.inDatabase(name), redisURL: "")
        try await withClient(template.administrator) { client in
            try await Bootstrap(roles: template.roles, secretKey: secretKey, administrator: client).run()
        }
        for (service, directory) in migrations {
            try await withClient(template.ownerConfiguration(service)) { client in
                _ = try await Migrator(
                    component: service.rawValue, directory: directory, roles: template.roles, database: client
                ).migrate()
            }
        }
        try await withClient(servers.administrator) { client in
            // Nobody may be connected to what is copied, and TimescaleDB's workers would be.
            try await client.run(statement: "ALTER DATABASE \(name) WITH ALLOW_CONNECTIONS false")
            _ = try await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = \(name)")
        }
        return template
    }
}
