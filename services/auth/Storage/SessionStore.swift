import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// Sessions and the refresh tokens that keep them.
///
/// What tokens are made from is read under a lock that conflicts with a change of it. Such a change is committed
/// together with the revocation of what was issued before it, so a token as of a time before the reading either says
/// what is so or is void.
struct SessionStore: Sendable {
    let database: PostgresClient
    let outbox: Outbox

    // MARK: Opening

    /// Opens a session.
    ///
    /// - Returns: The user and the membership that it begins in, as they are now.
    func open(_ session: NewSession) async throws -> (user: User, membership: Membership?) {
        let rows = try await database.batch(
            session.statements + [
                "SELECT \(UserStore.columns) FROM auth.users u WHERE u.id = \(session.userID) FOR SHARE",
                """
                SELECT organization_id, role FROM auth.memberships
                WHERE user_id = \(session.userID) AND organization_id = \(session.membership?.organizationID)
                    AND NOT is_suspended
                FOR SHARE
                """,
            ], as: .platform)
        guard let user = rows.dropLast().last?.first else { throw DecodingFailure.noSuchColumn(0) }
        return (try User(user), try rows.last?.first.flatMap { try Membership($0, at: 0) })
    }

    // MARK: Keeping

    /// Replaces a refresh token by another one; nil when it is not one that holds.
    ///
    /// One statement, so that of two who present the same token at once only one is answered.
    func rotate(_ token: SecretHash, to next: SecretHash, expiresAt: Timestamp) async throws -> ActiveSession? {
        try await database.query(
            """
            WITH used AS (
                UPDATE auth.refresh_tokens SET used_at = now()
                WHERE hash = \(token.bytes) AND used_at IS NULL AND expires_at > now()
                RETURNING session_id
            ), \(Self.place(ofSession: "(SELECT session_id FROM used)")), kept AS (
                UPDATE auth.sessions s
                SET last_used_at = now(), expires_at = \(expiresAt),
                    organization_id = (SELECT organization_id FROM place)
                FROM used, auth.users u
                WHERE s.id = used.session_id AND s.revoked_at IS NULL AND u.id = s.user_id AND u.is_active
                RETURNING s.id, s.user_id, s.organization_id
            ), rotated AS (
                INSERT INTO auth.refresh_tokens (hash, session_id, expires_at)
                SELECT \(next.bytes), id, \(expiresAt) FROM kept
            )
            SELECT \(UserStore.columns), p.organization_id, p.role, s.id
            FROM kept s
            JOIN auth.users u ON u.id = s.user_id
            LEFT JOIN place p ON true
            """, as: .platform
        ).first.map(ActiveSession.init)
    }

    /// The session whose refresh token has been used before; nil when `token` is none of those.
    func sessionOfUsedToken(_ token: SecretHash) async throws -> (id: UUID, userID: UUID)? {
        try await database.query(
            """
            SELECT s.id, s.user_id FROM auth.refresh_tokens t JOIN auth.sessions s ON s.id = t.session_id
            WHERE t.hash = \(token.bytes) AND t.used_at IS NOT NULL
            """, as: .platform
        ).first.map { row in
            let (id, userID) = try row.decode(UUID.self, UUID.self)
            return (id, userID)
        }
    }

    /// Prolongs a browser's session; nil when it does not hold any more, or is none of a browser.
    func prolong(_ id: UUID, terms: SessionTerms, from now: Timestamp) async throws -> ActiveSession? {
        try await database.query(
            """
            WITH \(Self.place(ofSession: "\(id)")), kept AS (
                UPDATE auth.sessions s
                SET last_used_at = now(), expires_at = \(now.adding(terms.lifetime)),
                    organization_id = (SELECT organization_id FROM place)
                FROM auth.users u
                WHERE s.id = \(id) AND s.kind = \(terms.kind) AND s.revoked_at IS NULL AND s.expires_at > now()
                    AND u.id = s.user_id AND u.is_active
                RETURNING s.id, s.user_id, s.organization_id
            )
            SELECT \(UserStore.columns), p.organization_id, p.role, s.id
            FROM kept s
            JOIN auth.users u ON u.id = s.user_id
            LEFT JOIN place p ON true
            """, as: .platform
        ).first.map(ActiveSession.init)
    }

    /// The part of a statement that names where a session goes on: in the active organization, as a member or with grants
    /// alone, or for who has no place there any more in the one that the user has belonged to for longest.
    private static func place(ofSession id: SQL) -> SQL {
        """
        membership AS (
            SELECT m.organization_id, m.role
            FROM auth.sessions s JOIN auth.memberships m ON m.user_id = s.user_id
            WHERE s.id = \(id) AND NOT m.is_suspended
            ORDER BY m.organization_id = s.organization_id DESC NULLS LAST, m.created_at, m.organization_id
            LIMIT 1 FOR SHARE OF m
        ), place AS (
            SELECT p.organization_id, p.role
            FROM auth.sessions s JOIN auth.places p USING (user_id, organization_id)
            WHERE s.id = \(id) AND p.role IS NULL
            UNION ALL
            SELECT organization_id, role FROM membership
            ORDER BY role NULLS FIRST LIMIT 1
        )
        """
    }

    /// Makes an organization the active one of a session; nil when the session does not hold, is kept otherwise than on
    /// `terms`, or the user has no place in the organization.
    ///
    /// - Parameter refreshToken: Takes the place of the one that has not been used.
    func activate(
        _ organization: UUID, for user: UserPrincipal, _ terms: SessionTerms, refreshToken: SecretHash?,
        from now: Timestamp
    ) async throws -> ActiveSession? {
        let expiresAt = now.adding(terms.lifetime)
        return try await database.query(
            """
            WITH membership AS (
                SELECT organization_id, role FROM auth.memberships
                WHERE organization_id = \(organization) AND user_id = \(user.id) AND NOT is_suspended FOR SHARE
            ), place AS (
                SELECT organization_id, role FROM membership
                UNION ALL
                SELECT organization_id, role FROM auth.places
                WHERE organization_id = \(organization) AND user_id = \(user.id) AND role IS NULL
            ), kept AS (
                UPDATE auth.sessions s
                SET last_used_at = now(), expires_at = \(expiresAt), organization_id = p.organization_id
                FROM auth.users u, place p
                WHERE s.id = \(user.sessionID) AND s.user_id = \(user.id) AND s.kind = \(terms.kind)
                    AND s.revoked_at IS NULL AND u.id = s.user_id AND u.is_active
                RETURNING s.id, s.user_id, s.organization_id
            ), replaced AS (
                DELETE FROM auth.refresh_tokens t USING kept WHERE t.session_id = kept.id AND t.used_at IS NULL
            ), issued AS (
                INSERT INTO auth.refresh_tokens (hash, session_id, expires_at)
                SELECT \(refreshToken?.bytes), id, \(expiresAt) FROM kept WHERE \(refreshToken != nil)
            )
            SELECT \(UserStore.columns), p.organization_id, p.role, s.id
            FROM kept s
            JOIN auth.users u ON u.id = s.user_id
            CROSS JOIN place p
            """, as: .platform
        ).first.map(ActiveSession.init)
    }

    // MARK: Looking at

    /// Whether a member cannot act for want of a second factor.
    func isSuspended(_ user: UUID, in organization: UUID) async throws -> Bool {
        let rows = try await database.query(
            """
            SELECT 1 FROM auth.memberships
            WHERE user_id = \(user) AND organization_id = \(organization) AND is_suspended
            """, as: .platform)
        return !rows.isEmpty
    }

    /// A page of a user's sessions that hold, by id.
    func sessions(of user: UUID, _ page: PageRequest<UUID>) async throws -> [SessionRecord] {
        let rows = try await database.query(
            """
            SELECT id, kind, is_remembered, user_agent, address, created_at, last_used_at, expires_at
            FROM auth.sessions
            WHERE user_id = \(user) AND revoked_at IS NULL AND expires_at > now() \(page.keyset())
            """, as: .platform)
        return try rows.map(SessionRecord.init)
    }

    // MARK: Ending

    /// Ends a session of a user.
    ///
    /// - Returns: What is to be announced; nil when there is no such session, or it has ended already.
    func revoke(_ id: UUID, of user: UUID, at now: Timestamp) async throws -> Revocation? {
        let revocation = try await database.withTransaction(as: .platform) { transaction -> Revocation? in
            let rows = try await transaction.query(
                """
                UPDATE auth.sessions SET revoked_at = \(now)
                WHERE id = \(id) AND user_id = \(user) AND revoked_at IS NULL AND expires_at > \(now)
                RETURNING expires_at
                """)
            guard let end = try rows.first?.decode(Timestamp.self) else { return nil }
            let revocation = Revocation(.session(id), at: now.microseconds, until: end.microseconds)
            try await transaction.batch(
                RevocationStore.insert(revocation) + [outbox.append(.sessionRevoked(id, of: user))])
            return revocation
        }
        if revocation != nil { outbox.wake() }
        return revocation
    }

    /// Ends the sessions of a user but for one, in the transaction of what makes them end.
    ///
    /// - Returns: What is to be announced after the commit.
    static func revokeAll(
        of user: UUID, but kept: UUID?, _ outbox: Outbox, _ transaction: Transaction
    ) async throws -> [Revocation] {
        let now = Timestamp.now
        let ended = try await transaction.query(
            """
            UPDATE auth.sessions SET revoked_at = \(now)
            WHERE user_id = \(user) AND id IS DISTINCT FROM \(kept) AND revoked_at IS NULL AND expires_at > \(now)
            RETURNING id, expires_at
            """
        ).map { try $0.decode(UUID.self, Timestamp.self) }
        let revocations = ended.map { id, end in
            Revocation(.session(id), at: now.microseconds, until: end.microseconds)
        }
        try await transaction.batch(
            revocations.flatMap(RevocationStore.insert)
                + ended.map { outbox.append(try .sessionRevoked($0.0, of: user)) })
        return revocations
    }
}

/// A session as its user sees it.
struct SessionRecord: Sendable {
    let id: UUID
    let terms: SessionTerms
    let client: ClientDescription
    let createdAt: Timestamp
    let lastUsedAt: Timestamp
    let expiresAt: Timestamp

    init(_ row: Row) throws {
        let (kind, isRemembered): (String, Bool)
        let (userAgent, address): (String?, String?)
        (id, kind, isRemembered, userAgent, address, createdAt, lastUsedAt, expiresAt) = try row.decode(
            UUID.self, String.self, Bool.self, String?.self, String?.self, Timestamp.self, Timestamp.self,
            Timestamp.self)
        terms = SessionTerms(kind: kind, isRemembered: isRemembered)
        client = ClientDescription(userAgent: userAgent, address: address)
    }
}

extension SessionTerms {
    init(kind: String, isRemembered: Bool) {
        self = kind == SessionTerms.api.kind ? .api : isRemembered ? .rememberedBrowser : .browser
    }

    /// As the database and the API call it.
    var kind: String {
        switch self {
        case .api: "api"
        case .browser, .rememberedBrowser: "browser"
        }
    }
}

extension ActiveSession {
    /// Reads a user, a place and the session's id.
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row.decode(at: User.columnCount + 2), user: try User(row),
            membership: try Membership(row, at: User.columnCount),
            organizationID: try row.decode(UUID?.self, at: User.columnCount))
    }
}
