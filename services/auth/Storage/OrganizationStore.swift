import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// Organizations: rows of `core.entities`, and what is said of them in `auth.organizations`.
///
/// Their members are people, who belong to no tenant, so all of it runs over all tenants, by the member's id.
struct OrganizationStore: Sendable {
    let database: PostgresClient

    // MARK: Reading

    /// The organizations that a user belongs to, by id.
    func list(
        of user: UUID, within organization: UUID?, _ page: PageRequest<UUID>
    ) async throws -> [Organization] {
        let isWithin: SQL = organization.map { "e.id = \($0)" } ?? "true"
        let rows = try await database.query(
            """
            \(Self.selection) WHERE m.user_id = \(user) AND \(isWithin) \(page.keyset(by: "e.id"))
            """, as: .platform)
        return try rows.map(Organization.init)
    }

    /// The organization, if the user belongs to it.
    func find(_ id: UUID, of user: UUID) async throws -> Organization? {
        try await database.query(Self.select(id, of: user), as: .platform).first.map(Organization.init)
    }

    /// As ``find(_:of:)``; nobody else changes the organization or its members until the transaction ends.
    func lock(_ id: UUID, of user: UUID, _ transaction: Transaction) async throws -> Organization? {
        let rows = try await transaction.batch([
            "SELECT 1 FROM core.entities WHERE id = \(id) AND organization_id = \(id) FOR NO KEY UPDATE",
            Self.select(id, of: user),
        ])
        return try rows[1].first.map(Organization.init)
    }

    private static func select(_ id: UUID, of user: UUID) -> SQL {
        "\(selection) WHERE e.id = \(id) AND m.user_id = \(user)"
    }

    private static let selection: SQL = """
        SELECT e.id, e.name, m.role, o.deletes_at, coalesce(o.requires_two_factor, false), m.is_suspended, e.version,
            e.created_at, e.last_updated
        FROM auth.memberships m
        JOIN core.entities e ON e.organization_id = m.organization_id AND e.id = m.organization_id
        LEFT JOIN auth.organizations o ON o.id = m.organization_id
        """

    // MARK: Writing

    /// Inserts the rows of a new organization and its owner; to be run in one transaction.
    static func insert(_ id: UUID, name: DisplayName, owner: UUID) throws -> [SQL] {
        let actor = try Actor.user(owner)
        return [
            """
            INSERT INTO auth.memberships (organization_id, user_id, role)
            VALUES (\(id), \(owner), \(Role.owner.rawValue))
            """,
            Entity(id: id, organizationID: id, type: "organization", name: name.text).insert,
            AuditEntry(
                type: "organization.created", entityID: id, organizationID: id, actor: actor,
                data: try JSONB(["name": name.text, "owner_id": owner.text])
            ).insert,
            AuditEntry(
                type: "member.added", entityID: owner, organizationID: id, actor: actor,
                data: try JSONB(["role": Role.owner.rawValue])
            ).insert,
        ]
    }

    static func rename(_ id: UUID, to name: DisplayName) -> SQL {
        "UPDATE core.entities SET name = \(name.text), \(countUp) WHERE id = \(id) AND organization_id = \(id)"
    }

    /// Ends an organization now, and takes its name away, which may be that of the person whose alone it was.
    static func setEndOfPersonal(_ id: UUID) -> [SQL] {
        setEnd(.now, of: id) + [
            "UPDATE core.entities SET name = '' WHERE id = \(id) AND organization_id = \(id)",
            "SELECT core.forget_organization(\(id))",
        ]
    }

    /// Sets when the organization is deleted; nil for not at all.
    static func setEnd(_ end: Timestamp?, of id: UUID) -> [SQL] {
        [
            """
            INSERT INTO auth.organizations (id, deletes_at) VALUES (\(id), \(end))
            ON CONFLICT (id) DO UPDATE SET deletes_at = excluded.deletes_at
            """,
            "UPDATE core.entities SET \(countUp) WHERE id = \(id) AND organization_id = \(id)",
        ]
    }

    /// Sets whether a second factor is required.
    static func setRequirement(_ isRequired: Bool, of id: UUID) -> [SQL] {
        [
            """
            INSERT INTO auth.organizations (id, requires_two_factor) VALUES (\(id), \(isRequired))
            ON CONFLICT (id) DO UPDATE SET requires_two_factor = excluded.requires_two_factor
            """,
            "UPDATE core.entities SET \(countUp) WHERE id = \(id) AND organization_id = \(id)",
        ]
    }

    private static let countUp: SQL = "version = version + 1, last_updated = now()"
}

extension Organization {
    fileprivate init(_ row: Row) throws {
        let role: String
        (id, name, role, deletesAt, requiresTwoFactor, isSuspended, version, createdAt, lastUpdated) = try row.decode(
            UUID.self, String.self, String.self, Timestamp?.self, Bool.self, Bool.self, Int.self, Timestamp.self,
            Timestamp.self)
        self.role = try Role(stored: role)
    }
}

extension Role {
    /// - Throws: ``UnknownRole``.
    init(stored text: String) throws(UnknownRole) {
        guard let role = Role(rawValue: text) else { throw UnknownRole(text: text) }
        self = role
    }

    /// A stored role that this version does not know.
    struct UnknownRole: Error {
        let text: String
    }
}
