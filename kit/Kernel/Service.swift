/// A service as the database knows it: it owns the schema of its name.
public enum Service: String, CaseIterable, Sendable, CustomStringConvertible {
    case auth, devices, readings, alerts, billing, realtime

    public var description: String { rawValue }
}

/// The names of an installation's roles. Roles belong to the whole cluster, so installations that share one differ in
/// their prefix.
public struct RoleNames: Sendable, Hashable {
    public let prefix: String

    /// - Throws: ``KernelError/invalidRolePrefix(_:)`` unless it is of lower-case letters, digits and underscores.
    public init(prefix: String = "") throws {
        guard prefix.utf8.allSatisfy({ $0 == 95 || (97...122).contains($0) || (48...57).contains($0) }) else {
            throw KernelError.invalidRolePrefix(prefix)
        }
        self.prefix = prefix
    }

    /// Logs in for the service; only DML, subject to row security.
    public func login(_ service: Service) -> String { "\(prefix)lms_\(service)" }

    /// Logs in for migrations; owns the schema.
    public func owner(_ service: Service) -> String { "\(prefix)lms_\(service)_owner" }

    /// What the service becomes for work over all tenants.
    public func platform(_ service: Service) -> String { "\(prefix)lms_\(service)_platform" }

    /// Owns the schema `core`.
    public var coreOwner: String { "\(prefix)lms_core_owner" }
}

/// What is wrong with an installation's database or its migration files.
public enum KernelError: Error, Equatable, CustomStringConvertible {
    case invalidRolePrefix(String)
    case invalidMigrationName(String)
    case duplicateMigration(String)
    /// A file that was applied has changed since.
    case changedMigration(String)
    case unreadable(String)

    public var description: String {
        switch self {
        case .invalidRolePrefix(let prefix):
            "the role prefix \"\(prefix)\" must be of lower-case letters, digits and underscores"
        case .invalidMigrationName(let name):
            "\(name): a migration is named 0001_what_it_does.sql, or .timescale.sql and .postgres.sql for a pair"
        case .duplicateMigration(let name):
            "\(name): two migrations have this number"
        case .changedMigration(let name):
            "\(name) was applied to this database and has changed since; migrations are never edited"
        case .unreadable(let path):
            "\(path) cannot be read"
        }
    }
}
