import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// Personal access tokens, by their hashes.
struct AccessTokenStore: Sendable {
    /// A user may have that many.
    static let maximumPerUser = 100

    /// The user has ``maximumPerUser`` tokens already.
    struct TooManyTokens: Error {}

    let database: PostgresClient
    let outbox: Outbox

    // MARK: Their users'

    /// Stores a token. After the commit the outbox is to be woken.
    ///
    /// - Throws: ``TooManyTokens``.
    func insert(_ new: NewAccessToken, _ transaction: Transaction) async throws -> AccessTokenRecord {
        let terms = new.terms
        // Of several that are made at once, each counts those before.
        try await transaction.query(UserLock.exclusive("\(new.userID)"))
        let rows = try await transaction.query(
            """
            INSERT INTO auth.api_tokens (id, hash, user_id, organization_id, name, scopes, expires_at)
            SELECT \(new.id), \(new.token.hash.bytes), \(new.userID), \(new.organizationID), \(terms.name.text),
                \(terms.scopes.map(\.rawValue).sorted()), \(terms.expiresAt)
            WHERE (SELECT count(*) FROM auth.api_tokens WHERE user_id = \(new.userID)) < \(Self.maximumPerUser)
            RETURNING \(Self.columns)
            """)
        guard let record = try rows.first.map(AccessTokenRecord.init) else { throw TooManyTokens() }
        let audit = AuditEntry(
            type: "api_token.issued", entityID: new.userID, organizationID: new.organizationID,
            actor: try Actor.user(new.userID), data: try JSONB(AccessTokenData(record, of: new.userID)))
        let event = try Event.accessTokenIssued(record, hash: new.token.hash, of: new.userID)
        try await transaction.batch([audit.insert, outbox.append(event)])
        return record
    }

    /// A user's tokens that have not expired, by id.
    func tokens(of user: UUID, _ page: PageRequest<UUID>) async throws -> [AccessTokenRecord] {
        let rows = try await database.query(
            """
            SELECT \(Self.columns) FROM auth.api_tokens
            WHERE user_id = \(user) AND (expires_at IS NULL OR expires_at > now()) \(page.keyset())
            """, as: .platform)
        return try rows.map(AccessTokenRecord.init)
    }

    /// Deletes a token of a user.
    ///
    /// - Returns: What is to be announced; nil when the user has no such token.
    func delete(_ id: UUID, of user: UUID) async throws -> Revocation? {
        let revocation = try await database.withTransaction(as: .platform) { transaction -> Revocation? in
            let rows = try await transaction.query(
                """
                DELETE FROM auth.api_tokens WHERE id = \(id) AND user_id = \(user) RETURNING \(Self.columns), hash
                """)
            guard let row = rows.first else { return nil }
            let record = try AccessTokenRecord(row)
            let hash = SecretHash(bytes: try row.decode([UInt8].self, at: AccessTokenRecord.columnCount))
            let audit = AuditEntry(
                type: "api_token.revoked", entityID: user, organizationID: record.organizationID,
                actor: try Actor.user(user), data: try JSONB(AccessTokenData(record, of: user)))
            let event = try Event.accessTokenRevoked(record, hash: hash, of: user)
            try await transaction.batch([audit.insert, outbox.append(event)])
            return try await RevocationStore.insert(.token(id), lasting: Self.longestKnown, transaction)
        }
        if revocation != nil { outbox.wake() }
        return revocation
    }

    // MARK: Every service's

    /// Whom a token stands for now; nil for one that does not hold, or whose user is not there any more.
    ///
    /// A service asks when a token is presented, and once a minute while it is: so asking is what counts as use.
    /// The answer is as of the newest revocation that can be seen with it, so that a change that commits meanwhile is
    /// later than the answer, whatever the clocks say.
    func holder(of hash: SecretHash) async throws -> AccessTokenHolder? {
        let rows = try await database.query(
            """
            WITH used AS (
                UPDATE auth.api_tokens SET last_used_at = now()
                WHERE hash = \(hash.bytes) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
            )
            SELECT t.id, t.user_id, t.organization_id, m.role,
                ARRAY(SELECT concat_ws(':', g.resource_type, g.resource_id, g.role) FROM auth.resource_grants g
                      WHERE g.user_id = t.user_id AND g.organization_id = t.organization_id),
                ARRAY(SELECT concat_ws(':', g.resource_type, g.resource_id, g.role) FROM auth.resource_grants g
                      WHERE g.token_id = t.id),
                t.scopes, t.expires_at, greatest(
                (extract(epoch FROM now() - interval '1 minute') * 1000000)::bigint,
                (SELECT max((r.revocation ->> 'at')::bigint) FROM auth.revocations r
                 WHERE r.revocation ->> 'id' IN (t.user_id::text, t.id::text)))
            FROM auth.api_tokens t
            JOIN auth.users u ON u.id = t.user_id AND u.is_active
            JOIN auth.places m ON m.user_id = t.user_id AND m.organization_id = t.organization_id
            WHERE t.hash = \(hash.bytes) AND (t.expires_at IS NULL OR t.expires_at > now())
            """, as: .platform)
        return try rows.first.flatMap(AccessTokenHolder.init)
    }

    /// How long a service may know a token without having asked.
    static let longestKnown = Duration.seconds(CredentialCache<UserPrincipal>.Lifetimes().stale + 60)

    private static let columns: SQL = "id, organization_id, name, scopes, created_at, last_used_at, expires_at"
}

extension AccessTokenRecord {
    fileprivate static let columnCount = 7

    fileprivate init(_ row: Row) throws {
        let names: [String]
        (id, organizationID, name, names, createdAt, lastUsedAt, expiresAt) = try row.decode(
            UUID.self, UUID.self, String.self, [String].self, Timestamp.self, Timestamp?.self, Timestamp?.self)
        scopes = Set(names.compactMap(TokenScope.init(rawValue:)))
    }
}

extension AccessTokenHolder {
    /// Nil where the user has nothing to do any more.
    fileprivate init?(_ row: Row) throws {
        let (id, user, organization, role, grants, own, scopes, expiry, asOf) = try row.decode(
            UUID.self, UUID.self, UUID.self, String?.self, [String].self, [String].self, [String].self,
            Timestamp?.self, Int64.self)
        let standing = Standing(
            organizationID: organization, role: role.flatMap(Role.init(rawValue:)),
            grants: grants.compactMap(ResourceGrant.init(claim:))
        ).confined(to: own.compactMap(ResourceGrant.init(claim:)))
        guard standing.isSomewhere else { return nil }
        self.init(
            tokenID: id, userID: user, organizationID: organization, role: standing.role, grants: standing.grants,
            scopes: Set(scopes.compactMap(TokenScope.init(rawValue:))), asOf: asOf, expiresAt: expiry?.microseconds)
    }
}
