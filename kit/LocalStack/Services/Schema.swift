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
        let secretKey = try installation.secretKeyBytes()
        try await Self.withClient(installation.administrator) { client in
            try await Bootstrap(roles: installation.roles, secretKey: secretKey, administrator: client).run()
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

    /// Runs every service's `migrate --check`.
    ///
    /// - Returns: What each service says that differs; empty when nothing does.
    /// - Throws: ``LocalStackError``.
    public func differences() async throws -> [String] {
        var all: [String] = []
        for service in Service.allCases {
            let before = textOfFile(log(service))?.utf8.count ?? 0
            let status = try await ChildProcess.start(command(service, ["migrate", "--check"])).waitForExit()
            guard !status.isSuccess else { continue }
            let said = textOfFile(log(service)).map { String(decoding: $0.utf8.dropFirst(before), as: UTF8.self) } ?? ""
            let lines = said.split(separator: "\n").map(String.init)
            all += lines.isEmpty ? ["lms-\(service) migrate --check \(status)"] : lines
        }
        return all
    }

    private func command(_ service: Service, _ arguments: [String]) throws -> Command {
        Command(
            "\(binaries)/lms-\(service)", arguments, environment: try installation.migrationEnvironment(service),
            log: log(service))
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

    private static func withClient(
        _ configuration: PostgresConfiguration, _ body: @escaping @Sendable (PostgresClient) async throws -> Void
    ) async throws {
        let client = PostgresClient(configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            try await body(client)
        }
    }
}
