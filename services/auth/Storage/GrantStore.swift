import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// Roles on single devices and projects.
struct GrantStore: Sendable {
    /// That many fit into a token and a cookie.
    static let maximumPerHolder = 32

    /// Why a grant cannot be given.
    enum Refusal: Error {
        case noSuchUser, noSuchToken, noSuchResource
        /// The holder has a grant on the resource already.
        case exists
        /// The holder has ``maximumPerHolder`` grants already.
        case tooMany
    }

    let database: PostgresClient

    // MARK: Reading

    /// The grants of an organization, by id.
    func list(in organization: UUID, _ page: PageRequest<UUID>) async throws -> [Grant] {
        let rows = try await database.query(
            """
            SELECT \(Self.columns) FROM auth.resource_grants
            WHERE organization_id = \(organization) \(page.keyset())
            """, as: .organization(organization))
        return try rows.map(Grant.init)
    }

    /// All that somebody was granted, wherever.
    func list(of user: UUID) async throws -> [Grant] {
        try await database.query(
            "SELECT \(Self.columns) FROM auth.resource_grants WHERE user_id = \(user) ORDER BY id", as: .platform
        ).map(Grant.init)
    }

    /// What a session's user was granted in its active organization, or anywhere where there is none; under
    /// ``UserLock``, to be read into a ``Standing``.
    ///
    /// - Parameter session: Its id, or a query of it.
    static func selection(ofSession session: SQL) -> SQL {
        """
        SELECT g.organization_id, g.resource_type, g.resource_id, g.role
        FROM auth.sessions s
        JOIN auth.resource_grants g
            ON g.user_id = s.user_id AND g.organization_id = coalesce(s.organization_id, g.organization_id)
        JOIN auth.places p ON p.organization_id = g.organization_id AND p.user_id = g.user_id
        WHERE s.id = (\(session)) ORDER BY g.created_at, g.id
        """
    }

    // MARK: Writing

    /// Gives a grant in an organization that is locked; what its holder has been issued so far is void when
    /// `transaction` commits.
    ///
    /// - Returns: The grant, and what is to be announced after the commit.
    /// - Throws: ``Refusal``.
    func insert(
        _ holder: Grant.Holder, _ resource: ResourceGrant, in organization: UUID, by actor: UUID,
        _ transaction: Transaction
    ) async throws -> (Grant, Revocation) {
        try await check(holder, in: organization, transaction)
        try await check(resource, in: organization, transaction)
        let (userID, tokenID) = holder.ids
        let rows: Rows
        do {
            rows = try await transaction.query(
                """
                INSERT INTO auth.resource_grants
                    (id, organization_id, user_id, token_id, resource_type, resource_id, role, created_by)
                SELECT \(UUID.v7()), \(organization), \(userID), \(tokenID), \(resource.type), \(resource.id),
                    \(resource.role.rawValue), \(actor)
                WHERE (SELECT count(*) FROM auth.resource_grants
                       WHERE token_id = \(tokenID) OR user_id = \(userID) AND organization_id = \(organization))
                    < \(Self.maximumPerHolder)
                RETURNING \(Self.columns)
                """)
        } catch let error as PostgresError where error.sqlState == .uniqueViolation {
            throw Refusal.exists
        }
        guard let grant = try rows.first.map(Grant.init) else { throw Refusal.tooMany }
        try await transaction.query(try Self.audit("grant.created", grant, by: actor))
        return (grant, try await revoke(grant, transaction))
    }

    /// Takes a grant back.
    ///
    /// - Returns: What is to be announced; nil when the organization has no such grant.
    func delete(_ id: UUID, in organization: UUID, by actor: UUID) async throws -> Revocation? {
        try await database.withTransaction(as: .platform) { transaction -> Revocation? in
            let meant: SQL = "id = \(id) AND organization_id = \(organization)"
            let rows = try await transaction.batch([
                UserLock.exclusive("SELECT user_id FROM auth.resource_grants WHERE \(meant)"),
                "DELETE FROM auth.resource_grants WHERE \(meant) RETURNING \(Self.columns)",
            ])
            guard let grant = try rows[1].first.map(Grant.init) else { return nil }
            try await transaction.query(try Self.audit("grant.deleted", grant, by: actor))
            return try await revoke(grant, transaction)
        }
    }

    // MARK: Parts

    private func check(_ holder: Grant.Holder, in organization: UUID, _ transaction: Transaction) async throws {
        switch holder {
        case .user(let id):
            let rows = try await transaction.query(UserLock.exclusive("\(id)", if: "is_active"))
            guard !rows.isEmpty else { throw Refusal.noSuchUser }
        case .token(let id):
            let rows = try await transaction.query(
                "SELECT 1 FROM auth.api_tokens WHERE id = \(id) AND organization_id = \(organization)")
            guard !rows.isEmpty else { throw Refusal.noSuchToken }
        }
    }

    private func check(_ resource: ResourceGrant, in organization: UUID, _ transaction: Transaction) async throws {
        let isOfType: SQL =
            switch resource.resource {
            case .device: "entity_type LIKE 'device.%'"
            case .project: "entity_type = 'project'"
            }
        let rows = try await transaction.query(
            """
            SELECT 1 FROM core.entities
            WHERE organization_id = \(organization) AND id = \(resource.id) AND \(isOfType)
            """)
        guard !rows.isEmpty else { throw Refusal.noSuchResource }
    }

    /// Voids what says another set of grants: what the user was issued for the organization, or what services know of the
    /// token.
    private func revoke(_ grant: Grant, _ transaction: Transaction) async throws -> Revocation {
        let (subject, lifetime): (Revocation.Subject, Duration) =
            switch grant.holder {
            case .user(let id):
                (.membership(user: id, organization: grant.organizationID), SessionTerms.longestLifetime)
            case .token(let id): (.token(id), AccessTokenStore.longestKnown)
            }
        return try await RevocationStore.insert(subject, lasting: lifetime, transaction)
    }

    private static func audit(_ type: String, _ grant: Grant, by actor: UUID) throws -> SQL {
        try AuditEntry(
            type: type, entityID: grant.resource.id, organizationID: grant.organizationID, actor: Actor.user(actor),
            data: JSONB(GrantDocument(grant))
        ).insert
    }

    private static let columns: SQL =
        "id, organization_id, user_id, token_id, resource_type, resource_id, role, created_at"
}

extension Standing {
    /// - Parameters:
    ///   - organizationID: The active one; without it, that where something was granted first is.
    ///   - grants: What ``GrantStore/selection(ofSession:)`` answers.
    init(organizationID: UUID?, role: Role?, _ grants: Rows) throws {
        self.init(organizationID: organizationID, role: role)
        for row in grants {
            let (organization, type, id, role) = try row.decode(UUID.self, String.self, UUID.self, String.self)
            self.organizationID = self.organizationID ?? organization
            guard organization == self.organizationID, let grant = ResourceGrant(type, id, role) else { continue }
            self.grants.append(grant)
        }
    }
}

extension Grant {
    fileprivate init(_ row: Row) throws {
        let (user, token): (UUID?, UUID?)
        let (type, resourceID, role): (String, UUID, String)
        (id, organizationID, user, token, type, resourceID, role, createdAt) = try row.decode(
            UUID.self, UUID.self, UUID?.self, UUID?.self, String.self, UUID.self, String.self, Timestamp.self)
        guard let holder = user.map(Holder.user) ?? token.map(Holder.token),
            let resource = ResourceGrant(type, resourceID, role)
        else { throw DecodingFailure.unexpectedNull }
        (self.holder, self.resource) = (holder, resource)
    }
}
