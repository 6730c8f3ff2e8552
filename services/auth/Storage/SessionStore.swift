import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// Sessions and the refresh tokens that keep them.
struct SessionStore: Sendable {
    let database: PostgresClient
    let outbox: Outbox

    // MARK: Opening

    /// Opens a session.
    func open(_ session: NewSession) async throws {
        _ = try await database.batch(session.statements, as: .platform)
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
            ), kept AS (
                UPDATE auth.sessions s SET last_used_at = now(), expires_at = \(expiresAt)
                FROM used, auth.users u
                WHERE s.id = used.session_id AND s.revoked_at IS NULL AND u.id = s.user_id AND u.is_active
                RETURNING s.id, s.user_id, s.organization_id
            ), rotated AS (
                INSERT INTO auth.refresh_tokens (hash, session_id, expires_at)
                SELECT \(next.bytes), id, \(expiresAt) FROM kept
            )
            SELECT \(UserStore.columns), m.organization_id, m.role, s.id
            FROM kept s
            JOIN auth.users u ON u.id = s.user_id
            LEFT JOIN auth.places m ON m.user_id = s.user_id AND m.organization_id = s.organization_id
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

    /// Prolongs a browser's session; nil when it does not hold any more.
    func prolong(_ id: UUID, terms: SessionTerms, from now: Timestamp) async throws -> ActiveSession? {
        try await database.query(
            """
            WITH kept AS (
                UPDATE auth.sessions s SET last_used_at = now(), expires_at = \(now.adding(terms.lifetime))
                FROM auth.users u
                WHERE s.id = \(id) AND s.revoked_at IS NULL AND u.id = s.user_id AND u.is_active
                RETURNING s.id, s.user_id, s.organization_id
            )
            SELECT \(UserStore.columns), m.organization_id, m.role, s.id
            FROM kept s
            JOIN auth.users u ON u.id = s.user_id
            LEFT JOIN auth.places m ON m.user_id = s.user_id AND m.organization_id = s.organization_id
            """, as: .platform
        ).first.map(ActiveSession.init)
    }

    // MARK: Looking at

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
        terms = kind == SessionTerms.api.kind ? .api : isRemembered ? .rememberedBrowser : .browser
        client = ClientDescription(userAgent: userAgent, address: address)
    }
}

extension SessionTerms {
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
