import Crypto
import Foundation
import Postgres
import Reactor

/// Makes, as an administrator and once, what the services need before their own migrations: extensions, roles,
/// schemas, grants and the shared kernel. Running it again changes nothing.
public struct Bootstrap: Sendable {
    private let roles: RoleNames
    private let secretKey: [UInt8]
    private let administrator: PostgresClient

    /// - Parameters:
    ///   - secretKey: What the passwords of the roles are derived from.
    ///   - administrator: Connected to the installation's database as a role that may create roles.
    public init(roles: RoleNames, secretKey: [UInt8], administrator: PostgresClient) {
        self.roles = roles
        self.secretKey = secretKey
        self.administrator = administrator
    }

    /// - Throws: `PostgresError`, ``KernelError``.
    public func run() async throws {
        try await apply([lock] + Service.allCases.map(rolesScript) + schemaScripts)
    }

    /// Makes another database of a cluster that has the roles already, and leaves them as they are.
    ///
    /// - Throws: `PostgresError`, ``KernelError``.
    public func runWithoutRoles() async throws {
        try await apply([lock] + schemaScripts)
    }

    /// How the kernel's tables differ from its migrations; see ``Migrator/differences()``.
    ///
    /// - Throws: `PostgresError`, ``KernelError``.
    public func differences() async throws -> [String] {
        try await kernel.differences()
    }

    private var kernel: Migrator {
        Migrator(component: "core", directory: Bundle.migrations, roles: roles, database: administrator)
    }

    private func apply(_ scripts: [String]) async throws {
        try await retryingCatalogConflicts {
            try await administrator.withTransaction { transaction in
                try await transaction.run(script: scripts.joined(separator: "\n"))
            }
        }
        try await retryingCatalogConflicts { try await kernel.migrate() }
    }

    /// The password of a role: hexadecimal HMAC-SHA256 of `database role ` and its name.
    public static func password(of role: String, secretKey: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("database role \(role)".utf8), using: SymmetricKey(data: secretKey))
        return code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Grants of parallel runs touch the same catalog rows and then fail, in whichever database of the cluster they
    /// run; the advisory lock of one database cannot keep them apart.
    private func retryingCatalogConflicts(_ body: () async throws -> some Any) async throws {
        var backoff = Backoff(initial: .milliseconds(20))
        for _ in 0..<20 {
            do {
                _ = try await body()
                return
            } catch let error as PostgresError where error.isCatalogConflict {
                // Another database of the cluster is changing the same roles, and its lock is not to be seen from here.
                try await Task.sleep(for: backoff.next())
            }
        }
        _ = try await body()
    }

    // MARK: The scripts

    private var lock: String { "SELECT pg_advisory_xact_lock(hashtextextended('lms bootstrap', 0));" }

    private func rolesScript(of service: Service) -> String {
        let (login, owner, platform) = (roles.login(service), roles.owner(service), roles.platform(service))
        return """
            \(createRole(roles.coreOwner, "NOLOGIN"))
            \(createRole(owner, "LOGIN PASSWORD '\(password(of: owner))'"))
            \(createRole(platform, "NOLOGIN"))
            \(createRole(login, "LOGIN NOINHERIT PASSWORD '\(password(of: login))'"))
            GRANT \(platform) TO \(login);
            ALTER ROLE \(login) SET statement_timeout = '30s';
            ALTER ROLE \(login) SET idle_in_transaction_session_timeout = '60s';
            """
    }

    private var schemaScripts: [String] {
        [kernelScript] + Service.allCases.map(schemaScript)
    }

    private var kernelScript: String {
        """
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
                AND current_setting('shared_preload_libraries') LIKE '%timescaledb%'
            THEN CREATE EXTENSION IF NOT EXISTS timescaledb; END IF;
        END $$;
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        CREATE SCHEMA IF NOT EXISTS core AUTHORIZATION \(roles.coreOwner);
        CREATE TABLE IF NOT EXISTS core.schema_migrations (
            service text NOT NULL, version bigint NOT NULL, name text NOT NULL, checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (service, version));
        """
    }

    private func schemaScript(of service: Service) -> String {
        let (login, owner, platform) = (roles.login(service), roles.owner(service), roles.platform(service))
        let everyRole = "\(login), \(owner), \(platform)"
        return """
            CREATE SCHEMA IF NOT EXISTS \(service) AUTHORIZATION \(owner);
            GRANT USAGE ON SCHEMA \(service) TO \(login), \(platform);
            ALTER DEFAULT PRIVILEGES FOR ROLE \(owner) IN SCHEMA \(service)
                GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO \(login), \(platform);
            ALTER DEFAULT PRIVILEGES FOR ROLE \(owner) IN SCHEMA \(service)
                GRANT USAGE ON SEQUENCES TO \(login), \(platform);
            GRANT USAGE ON SCHEMA core TO \(everyRole);
            GRANT SELECT ON core.schema_migrations TO \(everyRole);
            GRANT INSERT ON core.schema_migrations TO \(owner);
            """
    }

    private func createRole(_ name: String, _ attributes: String) -> String {
        """
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '\(name)') THEN CREATE ROLE \(name); END IF;
        END $$;
        ALTER ROLE \(name) \(attributes);
        """
    }

    private func password(of role: String) -> String {
        Self.password(of: role, secretKey: secretKey)
    }
}

extension PostgresError {
    fileprivate var isCatalogConflict: Bool {
        switch sqlState {
        case .internalError?, .uniqueViolation?, .duplicateObject?, .duplicateTable?, .deadlockDetected?: true
        default: false
        }
    }
}

extension Bundle {
    fileprivate static var migrations: URL {
        Bundle.module.bundleURL.appending(path: "Migrations")
    }
}
