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

    /// Where a session's user acts: in its active organization, or else where somebody granted something first.
    func standing(of session: ActiveSession) async throws -> Standing {
        let rows = try await database.query(
            """
            SELECT g.organization_id, g.resource_type, g.resource_id, g.role
            FROM auth.resource_grants g JOIN auth.places p USING (organization_id, user_id)
            WHERE g.user_id = \(session.user.id) AND (\(session.organizationID) IS NULL
                OR g.organization_id = \(session.organizationID))
            ORDER BY g.created_at, g.id
            """, as: .platform)
        var standing = Standing(organizationID: session.organizationID, role: session.membership?.role)
        for row in rows {
            let (organization, type, id, role) = try row.decode(UUID.self, String.self, UUID.self, String.self)
            standing.organizationID = standing.organizationID ?? organization
            guard organization == standing.organizationID, let grant = ResourceGrant(type, id, role) else { continue }
            standing.grants.append(grant)
        }
        return standing
    }

    // MARK: Writing

    /// Gives a grant; what its holder has been issued so far is void when `transaction` commits.
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
        let revocation = Self.revocation(for: grant)
        try await transaction.batch(
            [Self.audit("grant.created", grant, by: actor)] + RevocationStore.insert(revocation))
        return (grant, revocation)
    }

    /// Takes a grant back.
    ///
    /// - Returns: What is to be announced; nil when the organization has no such grant.
    func delete(_ id: UUID, in organization: UUID, by actor: UUID) async throws -> Revocation? {
        try await database.withTransaction(as: .platform) { transaction -> Revocation? in
            let rows = try await transaction.query(
                """
                DELETE FROM auth.resource_grants WHERE id = \(id) AND organization_id = \(organization)
                RETURNING \(Self.columns)
                """)
            guard let grant = try rows.first.map(Grant.init) else { return nil }
            let revocation = Self.revocation(for: grant)
            try await transaction.batch(
                [Self.audit("grant.deleted", grant, by: actor)] + RevocationStore.insert(revocation))
            return revocation
        }
    }

    // MARK: Parts

    private func check(_ holder: Grant.Holder, in organization: UUID, _ transaction: Transaction) async throws {
        switch holder {
        case .user(let id):
            let rows = try await transaction.query("SELECT 1 FROM auth.users WHERE id = \(id) AND is_active")
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
    private static func revocation(for grant: Grant) -> Revocation {
        let now = Timestamp.now
        let (subject, lifetime): (Revocation.Subject, Duration) =
            switch grant.holder {
            case .user(let id):
                (.membership(user: id, organization: grant.organizationID), SessionTerms.rememberedBrowser.lifetime)
            case .token(let id): (.token(id), AccessTokenStore.longestKnown)
            }
        return Revocation(subject, at: now.microseconds, until: now.adding(lifetime).microseconds)
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
