import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// Sessions and the refresh tokens that keep them.
///
/// What tokens are made from is read under ``UserLock`` and a lock of the membership, and with it the time. A change takes
/// such a lock and then dates the revocation of what was issued before it, so a token either says what is so or is void.
struct SessionStore: Sendable {
    let database: PostgresClient
    let outbox: Outbox

    // MARK: Opening

    /// Opens a session.
    ///
    /// - Parameter hash: That of the password that was shown, or would have been.
    /// - Returns: What it begins with; nil when the account is closed by now or has another password.
    func open(_ session: NewSession, ifPasswordIs hash: String?) async throws -> ActiveSession? {
        try await database.withTransaction(as: .platform) { transaction -> ActiveSession? in
            let users = try await transaction.batch([
                UserLock.shared("\(session.userID)"),
                """
                SELECT \(UserStore.columns) FROM auth.users u
                WHERE u.id = \(session.userID) AND u.is_active AND \(UserStore.hasPassword(hash, session.userID))
                """,
            ])
            guard let user = try users[1].first.map(User.init) else { return nil }
            let rows = try await transaction.batch(
                session.statements + (try SignInLog.opened(session)) + [
                    """
                    SELECT organization_id, role FROM auth.memberships
                    WHERE user_id = \(session.userID) AND organization_id = \(session.membership?.organizationID)
                        AND NOT is_suspended
                    FOR SHARE
                    """,
                    GrantStore.selection(ofSession: "\(session.id)"), Self.clock,
                ])
            let (membership, grants, clock) = (rows[rows.count - 3], rows[rows.count - 2], rows[rows.count - 1])
            return try ActiveSession(
                id: session.id, user: user, membership: membership.first.flatMap { try Membership($0, at: 0) },
                grants: grants, clock: clock)
        }
    }

    // MARK: Keeping

    /// Replaces a refresh token by another one; nil when it is not one that holds.
    ///
    /// One statement, so that of two who present the same token at once only one is answered.
    func rotate(_ token: SecretHash, to next: SecretHash, expiresAt: Timestamp) async throws -> ActiveSession? {
        let session: SQL = "SELECT session_id FROM auth.refresh_tokens WHERE hash = \(token.bytes)"
        return try await issue(
            from: session,
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
            ), \(SessionLog.moved)
            SELECT \(UserStore.columns), p.organization_id, p.role, s.id
            FROM kept s
            JOIN auth.users u ON u.id = s.user_id
            LEFT JOIN place p ON true
            """)
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
        try await issue(
            from: "\(id)",
            """
            WITH \(Self.place(ofSession: "\(id)")), kept AS (
                UPDATE auth.sessions s
                SET last_used_at = now(), expires_at = \(now.adding(terms.lifetime)),
                    organization_id = (SELECT organization_id FROM place)
                FROM auth.users u
                WHERE s.id = \(id) AND s.kind = \(terms.kind) AND s.revoked_at IS NULL AND s.expires_at > now()
                    AND u.id = s.user_id AND u.is_active
                RETURNING s.id, s.user_id, s.organization_id
            ), \(SessionLog.moved)
            SELECT \(UserStore.columns), p.organization_id, p.role, s.id
            FROM kept s
            JOIN auth.users u ON u.id = s.user_id
            LEFT JOIN place p ON true
            """)
    }

    /// Runs a statement that keeps a session, and answers it as its tokens are to say.
    ///
    /// - Parameter session: Its id, or a query of it.
    private func issue(from session: SQL, _ statement: SQL) async throws -> ActiveSession? {
        let user: SQL = "SELECT user_id FROM auth.sessions WHERE id = (\(session))"
        let rows = try await database.batch(
            [UserLock.shared(user), statement, GrantStore.selection(ofSession: session), Self.clock], as: .platform)
        return try rows[1].first.map { row in
            try ActiveSession(
                id: row.decode(at: User.columnCount + 2), user: User(row),
                membership: Membership(row, at: User.columnCount),
                organizationID: row.decode(UUID?.self, at: User.columnCount), grants: rows[2], clock: rows[3])
        }
    }

    /// Comes last: any time under the locks will do, and none before they are had.
    static let clock: SQL = "SELECT clock_timestamp()"

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
        return try await issue(
            from: "\(user.sessionID)",
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
            ), \(SessionLog.moved)
            SELECT \(UserStore.columns), p.organization_id, p.role, s.id
            FROM kept s
            JOIN auth.users u ON u.id = s.user_id
            CROSS JOIN place p
            """)
    }
}

extension ActiveSession {
    /// - Parameters:
    ///   - organizationID: Where it is not the membership's.
    ///   - grants: What ``GrantStore/selection(ofSession:)`` answers.
    ///   - clock: What ``SessionStore/clock`` answers.
    init(id: UUID, user: User, membership: Membership?, organizationID: UUID? = nil, grants: Rows, clock: Rows) throws {
        guard let time = clock.first else { throw DecodingFailure.noSuchColumn(0) }
        let standing = try Standing(
            organizationID: organizationID ?? membership?.organizationID, role: membership?.role, grants)
        self.init(id: id, user: user, membership: membership, standing: standing, asOf: try time.decode(at: 0))
    }
}
