import EventBus
import Foundation
import Identity
import Kernel
import Postgres

/// People, their passwords and memberships.
///
/// A person belongs to no tenant, so all of it runs over all tenants, by the person's id or address.
struct UserStore: Sendable {
    /// A user's columns, in the order in which ``User/init(_:)`` reads them.
    static let columns: SQL = """
        u.id, u.email, u.email_verified_at IS NOT NULL, u.name, u.is_active, u.is_superuser, u.deletes_at, u.version,
        u.created_at, u.last_updated
        """

    let database: PostgresClient
    let outbox: Outbox

    /// Who signs in: the user, the hash of the password where there is one, and the organization to begin in.
    struct Account: Sendable {
        let user: User
        let passwordHash: String?
        let membership: Membership?
    }

    func account(_ email: EmailAddress) async throws -> Account? {
        try await account(where: "u.email = \(email.text)")
    }

    func account(_ id: UUID) async throws -> Account? {
        try await account(where: "u.id = \(id)")
    }

    private func account(where condition: SQL) async throws -> Account? {
        let rows = try await database.query(
            """
            SELECT \(Self.columns), m.organization_id, m.role, c.password_hash
            FROM auth.users u
            LEFT JOIN auth.credentials c ON c.user_id = u.id
            LEFT JOIN LATERAL (
                SELECT organization_id, role FROM auth.memberships WHERE user_id = u.id AND NOT is_suspended
                ORDER BY created_at, organization_id LIMIT 1
            ) m ON true
            WHERE \(condition)
            """, as: .platform)
        return try rows.first.map { row in
            try Account(
                user: User(row), passwordHash: row.decode(at: User.columnCount + 2),
                membership: Membership(row, at: User.columnCount))
        }
    }

    /// Whether the hash of a user's password is still the one that was read before.
    static func hasPassword(_ hash: String?, _ user: UUID) -> SQL {
        "(SELECT password_hash FROM auth.credentials WHERE user_id = \(user)) IS NOT DISTINCT FROM \(hash)"
    }

    func user(_ id: UUID) async throws -> User? {
        try await database.query("SELECT \(Self.columns) FROM auth.users u WHERE u.id = \(id)", as: .platform)
            .first.map(User.init)
    }

    /// The organizations that a user belongs to, with their names, the longest-standing first.
    func organizations(of user: UUID) async throws -> [(membership: Membership, name: String)] {
        let rows = try await database.query(
            """
            SELECT m.organization_id, m.role, e.name
            FROM auth.memberships m JOIN core.entities e ON e.id = m.organization_id
            WHERE m.user_id = \(user) ORDER BY m.created_at, m.organization_id
            """, as: .platform)
        return try rows.compactMap { row in
            try Membership(row, at: 0).map { ($0, try row.decode(at: 2)) }
        }
    }

    /// Renames a user, in the directory too, if the version is one of those given (nil: whichever it is).
    ///
    /// - Returns: The user as it is now; nil when the version was another one.
    func rename(_ id: UUID, to name: DisplayName, ifVersions versions: Set<Int>?) async throws -> User? {
        let isExpected: SQL = versions.map { "u.version = ANY(\(Array($0)))" } ?? "true"
        let renamed = try await database.withTransaction(as: .platform) { transaction -> User? in
            let rows = try await transaction.query(
                """
                UPDATE auth.users u SET name = \(name.text), version = version + 1, last_updated = now()
                WHERE u.id = \(id) AND \(isExpected)
                RETURNING \(Self.columns)
                """)
            guard let user = try rows.first.map(User.init) else { return nil }
            let audit = AuditEntry(
                type: "user.updated", entityID: id, organizationID: nil, actor: try Actor.user(id),
                data: try JSONB(["name": name.text]))
            try await transaction.batch([user.entity.update, audit.insert, outbox.append(.userUpdated(user))])
            return user
        }
        if renamed != nil { outbox.wake() }
        return renamed
    }

    /// Notes that a user reads the mail of an address, and tells of it. After the commit the outbox is to be woken.
    ///
    /// - Returns: The user as it is now; nil when that was known, or the account has another address.
    static func verify(
        _ address: String, of id: UUID, _ outbox: Outbox, _ transaction: Transaction
    ) async throws -> User? {
        let rows = try await transaction.query(
            """
            UPDATE auth.users u SET email_verified_at = now(), version = version + 1, last_updated = now()
            WHERE u.id = \(id) AND u.email = \(address) AND u.email_verified_at IS NULL
            RETURNING \(columns)
            """)
        guard let user = try rows.first.map(User.init) else { return nil }
        try await transaction.query(outbox.append(.userUpdated(user)))
        return user
    }

    /// Inserts the rows of a new user, who owns a new organization; to be run in one transaction. The first statement
    /// returns the user.
    static func insert(_ user: NewUser) throws -> [SQL] {
        let actor = try Actor.user(user.id)
        let credentials: [SQL] =
            user.passwordHash.map {
                ["INSERT INTO auth.credentials (user_id, password_hash) VALUES (\(user.id), \($0))"]
            } ?? []
        return try [
            """
            INSERT INTO auth.users AS u (id, email, name, email_verified_at)
            VALUES (\(user.id), \(user.email.text), \(user.name.text), \(user.isVerified ? Timestamp.now : nil))
            RETURNING \(columns)
            """
        ] + credentials + [
            Entity(id: user.id, organizationID: nil, type: "user", name: user.name.text).insert,
            AuditEntry(
                type: "user.registered", entityID: user.id, organizationID: nil, actor: actor,
                data: try JSONB(["email": user.email.text, "name": user.name.text])
            ).insert,
        ] + OrganizationStore.insert(user.organizationID, name: user.organizationName, owner: user.id)
    }
}

/// Who is named in the audit log as the author of a change.
enum Actor {
    static func user(_ id: UUID) throws -> JSONB {
        try JSONB(["type": "user", "id": id.text])
    }

    /// This service by itself.
    static func system() throws -> JSONB {
        try JSONB(["type": "system"])
    }
}

extension User {
    static let columnCount = 10

    /// Reads a row that begins with ``UserStore/columns``.
    init(_ row: Row) throws {
        (id, email, isEmailVerified, name, isActive, isSuperuser, deletesAt, version, createdAt, lastUpdated) =
            try row.decode(
                UUID.self, String.self, Bool.self, String.self, Bool.self, Bool.self, Timestamp?.self, Int.self,
                Timestamp.self, Timestamp.self)
    }

    var entity: Entity {
        Entity(id: id, organizationID: nil, type: "user", name: name)
    }
}

extension Membership {
    /// Reads the organization and the role from two columns; nil when they are NULL.
    init?(_ row: Row, at column: Int) throws {
        guard let organizationID = try row.decode(UUID?.self, at: column),
            let role = try row.decode(String?.self, at: column + 1).flatMap(Role.init(rawValue:))
        else { return nil }
        self.init(organizationID: organizationID, role: role)
    }
}
