import FoundationEssentials
import Kernel
import Postgres

/// Brings an installation's database to the state that its services need.
public struct Schema: Sendable {
    private let installation: Installation
    private let binaries: String
    /// Where the output of a service's `migrate` goes.
    private let log: @Sendable (Service) -> String

    /// - Parameters:
    ///   - binaries: The folder of the services' executables.
    ///   - log: The file for the output of a service's `migrate`.
    public init(_ installation: Installation, binaries: String, log: @escaping @Sendable (Service) -> String) {
        self.installation = installation
        self.binaries = binaries
        self.log = log
    }

    /// Makes roles, schemas, grants and the kernel's tables, as the administrator.
    ///
    /// - Throws: `PostgresError`, `KernelError`, ``LocalStackError``.
    public func bootstrap() async throws {
        try await withBootstrap { try await $0.run() }
    }

    private func withBootstrap<Result: Sendable>(
        _ body: @escaping @Sendable (Bootstrap) async throws -> Result
    ) async throws -> Result {
        let secretKey = try installation.secretKeyBytes()
        return try await Self.withClient(installation.administrator) { client in
            try await body(Bootstrap(roles: installation.roles, secretKey: secretKey, administrator: client))
        }
    }

    /// Runs every service's `migrate`.
    ///
    /// - Throws: ``LocalStackError/commandFailed(command:status:log:lastLines:)``.
    public func migrate() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in Service.allCases {
                group.addTask { try await ChildProcess.run(command(service, ["migrate"])) }
            }
            try await group.waitForAll()
        }
    }

    /// Compares the migrations that were applied with the files: the kernel's, and by `migrate --check` each service's.
    ///
    /// - Returns: What differs, a sentence each; empty when nothing does.
    /// - Throws: `PostgresError`, `KernelError`, ``LocalStackError``.
    public func differences() async throws -> [String] {
        var all = try await withBootstrap { try await $0.differences() }
        for service in Service.allCases {
            let before = textOfFile(log(service))?.utf8.count ?? 0
            let status = try await ChildProcess.start(command(service, ["migrate", "--check"])).waitForExit()
            guard !status.isSuccess else { continue }
            let said = textOfFile(log(service)).map { String(decoding: $0.utf8.dropFirst(before), as: UTF8.self) } ?? ""
            let lines = said.split(separator: "\n").map { Self.difference(in: $0, of: service) }
            all += lines.isEmpty ? ["lms-\(service) migrate --check \(status)"] : lines
        }
        return all
    }

    /// The line without the program's name before the first, and the full stop behind the last, that error messages have.
    private static func difference(in line: Substring, of service: Service) -> String {
        let program = "lms-\(service): "
        let sentence = line.hasPrefix(program) ? line.dropFirst(program.count) : line
        return String(sentence.hasSuffix(".") ? sentence.dropLast() : sentence)
    }

    /// Compares the live database, object by object, with one that the migrations make for the purpose on the same
    /// server, and which is removed again.
    ///
    /// - Returns: What differs, a sentence each; empty when nothing does.
    /// - Throws: ``LocalStackError/cannotCreateDatabase(role:)``; `PostgresError`, `KernelError`, ``LocalStackError``.
    public func catalogDifferences() async throws -> [String] {
        let live = try await Self.withClient(installation.administrator) { try await SchemaDescription(of: $0) }
        let name = "lms_check_" + randomHex(bytes: 8)
        do {
            try await onServer("CREATE DATABASE \(name) TEMPLATE template0")
        } catch let error as PostgresError where error.sqlState == .insufficientPrivilege {
            throw LocalStackError.cannotCreateDatabase(role: installation.administrator.user)
        }
        do {
            let migrated = try await described(asMigratedIn: name)
            try await onServer("DROP DATABASE \(name) WITH (FORCE)")
            return migrated.differences(of: live)
        } catch {
            try? await onServer("DROP DATABASE \(name) WITH (FORCE)")
            throw error
        }
    }

    /// What the migrations make of the empty database `name`. The roles are the cluster's and stay as they are.
    private func described(asMigratedIn name: String) async throws -> SchemaDescription {
        var copy = installation
        copy.administrator = installation.administrator.inDatabase(name)
        let schema = Schema(copy, binaries: binaries, log: log)
        try await schema.withBootstrap { try await $0.runWithoutRoles() }
        try await schema.migrate()
        return try await Self.withClient(copy.administrator) { try await SchemaDescription(of: $0) }
    }

    private func onServer(_ statement: String) async throws {
        try await Self.withClient(installation.administrator) { try await $0.run(statement: statement) }
    }

    private func command(_ service: Service, _ arguments: [String]) throws -> Command {
        Command(
            "\(binaries)/lms-\(service)", arguments, environment: try installation.migrationEnvironment(service),
            log: log(service))
    }

    /// `server_version_num` of the administrator's server.
    ///
    /// - Throws: `PostgresError`.
    func serverVersion() async throws -> Int {
        try await Self.withClient(installation.administrator) { client in
            try await client.query("SELECT current_setting('server_version_num')::int8")[0].decode(Int.self, at: 0)
        }
    }

    /// Makes the database of the administrator's URL on a server of ours, unless it is there.
    ///
    /// - Throws: `PostgresError`.
    static func createDatabase(administrator: PostgresConfiguration) async throws {
        try await withClient(administrator.inDatabase("postgres")) { client in
            let name = administrator.databaseName
            let exists = try await !client.query("SELECT 1 FROM pg_database WHERE datname = \(name)").isEmpty
            if !exists { try await client.run(statement: "CREATE DATABASE \(name)") }
        }
    }

    private static func withClient<Result: Sendable>(
        _ configuration: PostgresConfiguration, _ body: @escaping @Sendable (PostgresClient) async throws -> Result
    ) async throws -> Result {
        var configuration = configuration
        configuration.requestTimeout = PostgresConfiguration.migrationTimeout
        let client = PostgresClient(configuration)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            return try await body(client)
        }
    }
}
