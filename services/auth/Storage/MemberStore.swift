import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// The members of organizations, with what is known of the people; so it runs over all tenants.
struct MemberStore: Sendable {
    /// What a list of members is sorted by.
    struct Place: Sendable, Codable {
        let joinedAt: Timestamp
        let userID: UUID
    }

    let database: PostgresClient

    // MARK: Reading

    /// The members of an organization, by the time they joined.
    func list(in organization: UUID, _ page: PageRequest<Place>) async throws -> [Member] {
        let order: SQL = page.order == .descending ? "DESC" : "ASC"
        let isFurther: SQL = page.order == .descending ? "<" : ">"
        let start: SQL =
            page.after.map { "(m.created_at, m.user_id) \(isFurther) (\($0.joinedAt), \($0.userID))" } ?? "true"
        let rows = try await database.query(
            """
            \(Self.selection) WHERE m.organization_id = \(organization) AND \(start)
            ORDER BY m.created_at \(order), m.user_id \(order) LIMIT \(page.fetchLimit)
            """, as: .platform)
        return try rows.map(Member.init)
    }

    /// A member, and how many owners there are.
    func find(
        _ user: UUID, in organization: UUID, _ transaction: Transaction
    ) async throws -> (member: Member?, owners: Int) {
        let rows = try await transaction.batch([
            "\(Self.selection) WHERE m.organization_id = \(organization) AND m.user_id = \(user)",
            """
            SELECT count(*) FROM auth.memberships
            WHERE organization_id = \(organization) AND role = \(Role.owner.rawValue)
            """,
        ])
        return (try rows[0].first.map(Member.init), try rows[1].first?.decode(Int.self) ?? 0)
    }

    /// The ids of the organizations that a user belongs to, in the order in which they are locked.
    func organizations(of user: UUID, _ transaction: Transaction) async throws -> [UUID] {
        try await transaction.query(
            "SELECT organization_id FROM auth.memberships WHERE user_id = \(user) ORDER BY organization_id"
        ).map { try $0.decode(UUID.self) }
    }

    /// The other member with the greatest role, of several the one who has belonged for longest.
    func successor(of member: Member, _ transaction: Transaction) async throws -> Member? {
        let roles = Role.allCases.sorted(by: >).map(\.rawValue)
        return try await transaction.query(
            """
            \(Self.selection) WHERE m.organization_id = \(member.organizationID) AND m.user_id <> \(member.userID)
            ORDER BY array_position(\(roles), m.role), m.created_at LIMIT 1
            """
        ).first.map(Member.init)
    }

    private static let selection: SQL = """
        SELECT m.user_id, m.organization_id, u.name, u.email, m.role, m.is_suspended, m.version, m.created_at
        FROM auth.memberships m JOIN auth.users u ON u.id = m.user_id
        """

    // MARK: Writing

    /// Gives the member another role.
    func setRole(_ role: Role, of member: Member, _ transaction: Transaction) async throws -> Member {
        let rows = try await transaction.query(
            """
            UPDATE auth.memberships m SET role = \(role.rawValue), version = nextval('auth.membership_versions')
            FROM auth.users u
            WHERE m.organization_id = \(member.organizationID) AND m.user_id = \(member.userID) AND u.id = m.user_id
            RETURNING m.user_id, m.organization_id, u.name, u.email, m.role, m.is_suspended, m.version, m.created_at
            """)
        guard let row = rows.first else { throw OrganizationError.notFound }
        return try Member(row)
    }

    /// Suspends the members who lack the second factor that the organization requires, and takes back the others.
    ///
    /// - Parameter actor: Who has changed what it requires.
    /// - Returns: Whoever has become unable to act there, guests too.
    func suspend(in organization: UUID, by actor: UUID, _ transaction: Transaction) async throws -> [UUID] {
        // Whoever is just beginning or ending the own second factor, or is being issued something, waits for this or is
        // waited for. Accounts that have ended are issued nothing.
        let guests: SQL = """
            SELECT g.user_id FROM auth.resource_grants g
            WHERE g.organization_id = \(organization) AND g.user_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM auth.memberships m
                                WHERE m.organization_id = g.organization_id AND m.user_id = g.user_id)
            """
        try await transaction.batch([
            "SELECT 1 FROM auth.users WHERE is_active AND id IN (\(guests)) ORDER BY id FOR NO KEY UPDATE",
            "SELECT 1 FROM auth.memberships WHERE organization_id = \(organization) ORDER BY user_id FOR UPDATE",
        ])
        let rows = try await transaction.batch([
            """
            UPDATE auth.memberships SET is_suspended = NOT is_suspended
            WHERE organization_id = \(organization) AND is_suspended <> auth.lacks_factor(organization_id, user_id)
            RETURNING user_id, is_suspended
            """,
            """
            SELECT id FROM auth.users
            WHERE id IN (\(guests)) AND auth.lacks_factor(\(organization), id)
            """,
        ])
        let (members, others) = (
            try rows[0].map { try $0.decode(UUID.self, Bool.self) }, try rows[1].map { try $0.decode(UUID.self) }
        )
        try await transaction.batch(
            members.map { try Self.audit(isSuspended: $1, $0, in: organization, by: actor) })
        return members.filter(\.1).map(\.0) + others
    }

    /// The row in the audit log of a member who cannot act for want of a second factor, or can again.
    static func audit(isSuspended: Bool, _ user: UUID, in organization: UUID, by actor: UUID) throws -> SQL {
        AuditEntry(
            type: isSuspended ? "member.suspended" : "member.reinstated", entityID: user,
            organizationID: organization, actor: try Actor.user(actor)
        ).insert
    }

    /// Voids what was issued to somebody for an organization so far, once nobody else can read what it said.
    static func revoke(_ user: UUID, in organization: UUID, _ transaction: Transaction) async throws -> Revocation {
        try await RevocationStore.insert(
            .membership(user: user, organization: organization), lasting: SessionTerms.longestLifetime, transaction)
    }

    /// Likewise for several.
    static func revoke(
        _ users: [UUID], in organization: UUID, _ transaction: Transaction
    ) async throws -> [Revocation] {
        try await RevocationStore.insert(
            users.map { .membership(user: $0, organization: organization) }, lasting: SessionTerms.longestLifetime,
            transaction)
    }

    /// Deletes the membership.
    ///
    /// - Returns: The version that follows its last one.
    func delete(_ member: Member, _ transaction: Transaction) async throws -> Int {
        let rows = try await transaction.query(
            """
            DELETE FROM auth.memberships
            WHERE organization_id = \(member.organizationID) AND user_id = \(member.userID)
            RETURNING nextval('auth.membership_versions')
            """)
        guard let row = rows.first else { throw OrganizationError.notFound }
        return try row.decode(Int.self)
    }
}

extension Member {
    fileprivate init(_ row: Row) throws {
        let role: String
        (userID, organizationID, name, email, role, isSuspended, version, joinedAt) = try row.decode(
            UUID.self, UUID.self, String.self, String.self, String.self, Bool.self, Int.self, Timestamp.self)
        self.role = try Role(stored: role)
    }
}
