import Kernel
import Postgres
import Synchronization

extension Health {
    /// Readiness needs the database to answer.
    public func registerDatabase(_ database: PostgresClient) {
        registerPatiently("database") { _ = try await database.query("SELECT 1") }
    }

    /// Readiness needs every migration that this version knows to have been applied; once so, it stays so.
    public func registerSchema(of environment: ServiceEnvironment, in database: PostgresClient) throws {
        guard let directory = environment.service.migrations else { return }
        let migrator = Migrator(
            component: environment.service.name, directory: directory,
            roles: try RoleNames(prefix: environment.configuration.databaseRolePrefix), database: database)
        let isCurrent = Atomic(false)
        registerPatiently("schema") {
            guard !isCurrent.load(ordering: .relaxed) else { return }
            let differences = try await migrator.differences()
            guard differences.isEmpty else { throw SchemaDifferences(sentences: differences) }
            isCurrent.store(true, ordering: .relaxed)
        }
    }

    /// A check outlasts its deadline when the database stands still, and finds out sooner that it does than the
    /// background would.
    private func registerPatiently(_ name: String, check: @escaping Check) {
        register(name) {
            try await PostgresClient.$patience.withValue(PostgresClient.requestPatience) { try await check() }
        }
    }
}
