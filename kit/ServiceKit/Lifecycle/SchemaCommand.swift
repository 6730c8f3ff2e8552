import Foundation
import Kernel
import Postgres

/// `migrate` and `migrate --check`.
struct SchemaCommand {
    private let environment: ServiceEnvironment

    init(_ environment: ServiceEnvironment) {
        self.environment = environment
    }

    /// Applies what is missing, as the owner of the schema.
    func migrate() async throws {
        let names = try await withMigrator(url: environment.configuration.databaseOwnerURL) { try await $0.migrate() }
        environment.logger.info("migrated", metadata: ["applied": .array(names.map { .string($0) })])
    }

    /// - Throws: ``SchemaDifferences`` when there are any.
    func check() async throws {
        let differences = try await withMigrator(url: environment.configuration.databaseURL) {
            try await $0.differences()
        }
        guard differences.isEmpty else { throw SchemaDifferences(sentences: differences) }
    }

    private func withMigrator<Result: Sendable>(
        url: String, _ body: @Sendable @escaping (Migrator) async throws -> Result
    ) async throws -> Result {
        guard let directory = environment.service.migrations else { throw NoSchemaError() }
        var configuration = try PostgresConfiguration(url: url)
        configuration.requestTimeout = PostgresConfiguration.migrationTimeout
        let database = PostgresClient(configuration)
        let migrator = Migrator(
            component: environment.service.name, directory: directory,
            roles: try RoleNames(prefix: environment.configuration.databaseRolePrefix), database: database)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await database.run() }
            defer { group.cancelAll() }
            return try await body(migrator)
        }
    }
}

/// How a database differs from what a service's migrations make.
struct SchemaDifferences: Error, CustomStringConvertible {
    let sentences: [String]

    var description: String { sentences.joined(separator: "\n") }
}

/// `migrate` of a service that has no schema.
struct NoSchemaError: Error, CustomStringConvertible {
    var description: String { "this service has no schema to migrate." }
}
