import FoundationEssentials
import Postgres
import Reactor

/// Brings a schema to the newest version its files know; forward only.
///
/// Any number of instances may run it at once: an advisory lock lets one work, the others find nothing left to do.
public struct Migrator: Sendable {
    private let component: String
    private let directory: URL
    private let roles: RoleNames
    private let database: PostgresClient

    /// - Parameters:
    ///   - component: What `core.schema_migrations` calls it: the service's name.
    ///   - database: Connected as the schema's owner to apply, as the service to check.
    public init(component: String, directory: URL, roles: RoleNames, database: PostgresClient) {
        self.component = component
        self.directory = directory
        self.roles = roles
        self.database = database
    }

    /// Applies what is missing.
    ///
    /// - Returns: The names of the files that were applied.
    /// - Throws: ``KernelError``, `PostgresError`.
    @discardableResult
    public func migrate() async throws -> [String] {
        var names: [String] = []
        for migration in try await migrations() where try await apply(migration) {
            names.append(migration.name)
        }
        return names
    }

    /// How the database differs from the files, a sentence each; empty when every file has been applied as it is.
    ///
    /// A database that is newer by versions these files do not know is no difference: during a roll-out the old
    /// version runs on the new schema.
    /// - Throws: ``KernelError``, `PostgresError`.
    public func differences() async throws -> [String] {
        let applied = try await applied()
        return try await migrations().compactMap { migration in
            switch applied[migration.version] {
            case nil: "\(component): \(migration.name) has not been applied"
            case migration.checksum: nil
            default: "\(component): \(KernelError.changedMigration(migration.name))"
            }
        }
    }

    private func migrations() async throws -> [Migration] {
        try await Migration.load(from: directory, variant: database.variant())
    }

    private func applied() async throws -> [Int: String] {
        do {
            let rows = try await database.query(
                "SELECT version, checksum FROM core.schema_migrations WHERE service = \(component)")
            return try Dictionary(uniqueKeysWithValues: rows.map { try $0.decode(Int.self, String.self) })
        } catch let error as PostgresError where error.sqlState == .undefinedTable {
            // Nobody has run the bootstrap here.
            return [:]
        }
    }

    /// Whether it had to be applied.
    private func apply(_ migration: Migration) async throws -> Bool {
        guard migration.runsInTransaction else { return try await applyOutsideTransaction(migration) }
        return try await database.withTransaction { transaction in
            try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('lms migrations', 0))")
            guard try await needs(migration, transaction) else { return false }
            try await transaction.run(script: migration.script(for: roles))
            try await transaction.query(record(migration))
            return true
        }
    }

    /// The statement itself must bear being run twice, since a crash may come between it and the record.
    ///
    /// The lock is tried for, and not waited for: whoever waits in a statement holds a snapshot, for the end of which
    /// `CREATE INDEX CONCURRENTLY` would wait in turn. For the same reason it is not the lock that other files wait for.
    private func applyOutsideTransaction(_ migration: Migration) async throws -> Bool {
        let lock = "lms migration \(component) \(migration.version)"
        var backoff = Backoff(maximum: .seconds(1))
        while true {
            let isApplied: Bool? = try await database.withTransaction { transaction in
                let isHeld = try await transaction.query(
                    "SELECT pg_try_advisory_xact_lock(hashtextextended(\(lock), 0))")[0].decode(Bool.self, at: 0)
                guard isHeld else { return nil }
                guard try await needs(migration, transaction) else { return false }
                // The portal of the SELECT would keep its snapshot until the next statement takes its place.
                try await transaction.query("CLOSE ALL")
                try await database.run(statement: migration.script(for: roles))
                try await transaction.query(record(migration))
                return true
            }
            if let isApplied { return isApplied }
            // Another instance is at it; see above why its lock is not waited for.
            try await Task.sleep(for: backoff.next())
        }
    }

    private func needs(_ migration: Migration, _ transaction: Transaction) async throws -> Bool {
        let rows = try await transaction.query(
            """
            SELECT checksum FROM core.schema_migrations
            WHERE service = \(component) AND version = \(migration.version)
            """)
        guard let checksum = try rows.first?.decode(String.self) else { return true }
        guard checksum == migration.checksum else { throw KernelError.changedMigration(migration.name) }
        return false
    }

    private func record(_ migration: Migration) -> SQL {
        """
        INSERT INTO core.schema_migrations (service, version, name, checksum)
        VALUES (\(component), \(migration.version), \(migration.name), \(migration.checksum))
        ON CONFLICT DO NOTHING
        """
    }
}

extension PostgresClient {
    /// Whether the database has TimescaleDB, which decides between the files of a pair.
    public func variant() async throws -> DatabaseVariant {
        let rows = try await query("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'")
        return rows.isEmpty ? .postgres : .timescale
    }
}
