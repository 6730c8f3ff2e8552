import Kernel
import Postgres
import Synchronization

extension Health {
    /// Readiness needs the database to answer.
    public func registerDatabase(_ database: PostgresClient) {
        register("database") { _ = try await database.query("SELECT 1") }
    }

    /// Readiness needs every migration that this version knows to have been applied; once so, it stays so.
    public func registerSchema(of environment: ServiceEnvironment, in database: PostgresClient) throws {
        guard let directory = environment.service.migrations else { return }
        let migrator = Migrator(
            component: environment.service.name, directory: directory,
            roles: try RoleNames(prefix: environment.configuration.databaseRolePrefix), database: database)
        let isCurrent = Atomic(false)
        register("schema") {
            guard !isCurrent.load(ordering: .relaxed) else { return }
            let differences = try await migrator.differences()
            guard differences.isEmpty else { throw SchemaDifferences(sentences: differences) }
            isCurrent.store(true, ordering: .relaxed)
        }
    }
}
