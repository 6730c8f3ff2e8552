import EventBus
import Foundation
import Identity
import Kernel
import Postgres

/// Password hashes, and the tokens by which who has forgotten a password sets another.
struct PasswordStore: Sendable {
    /// How a new password came about.
    enum Cause: String {
        case changed = "user.password_changed"
        case reset = "user.password_reset"
    }

    let database: PostgresClient
    let outbox: Outbox
    let queue: MailQueue

    /// Whether a token could be spent.
    func isHeld(_ token: SecretHash) async throws -> Bool {
        let rows = try await database.query(
            "SELECT 1 FROM auth.password_resets WHERE hash = \(token.bytes) AND expires_at > now()", as: .platform)
        return !rows.isEmpty
    }

    /// Spends a token, and with it all others of its user. Who has it reads the mail of the account, so its address is
    /// verified.
    ///
    /// - Returns: Whose it was; nil when it is not good for anything (any more).
    func spend(_ token: SecretHash, _ transaction: Transaction) async throws -> User? {
        let rows = try await transaction.query(
            """
            WITH spent AS (
                DELETE FROM auth.password_resets
                WHERE user_id = (SELECT user_id FROM auth.password_resets WHERE hash = \(token.bytes))
                RETURNING user_id, hash, expires_at
            )
            SELECT \(UserStore.columns) FROM auth.users u JOIN spent s ON u.id = s.user_id
            WHERE s.hash = \(token.bytes) AND s.expires_at > now() AND u.is_active
            FOR UPDATE OF u
            """)
        guard let user = try rows.first.map(User.init) else { return nil }
        return try await UserStore.verify(user.email, of: user.id, outbox, transaction) ?? user
    }

    /// Locks the user, whose password is not shown or set elsewhere meanwhile; false when it is another one than it was.
    func lock(_ user: UUID, ifPasswordIs hash: String?, _ transaction: Transaction) async throws -> Bool {
        let rows = try await transaction.batch([
            UserLock.exclusive("\(user)"), "SELECT 1 WHERE \(UserStore.hasPassword(hash, user))",
        ])
        return !rows[1].isEmpty
    }

    /// Sets the hash, ends the user's sessions but for one, and writes to the user. A sign-in that is under way with
    /// another password waits for this or is waited for, and comes to nothing.
    ///
    /// - Returns: What is to be announced after the commit.
    func set(
        _ hash: String, of user: User, keeping session: UUID?, because cause: Cause, _ transaction: Transaction
    ) async throws -> [Revocation] {
        try await transaction.batch([
            UserLock.exclusive("\(user.id)"),
            """
            INSERT INTO auth.credentials (user_id, password_hash) VALUES (\(user.id), \(hash))
            ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = now()
            """,
            // A link in an older letter is not to undo this.
            "DELETE FROM auth.password_resets WHERE user_id = \(user.id)",
            // Nor is who has shown the old password to go on with the second factor.
            "DELETE FROM auth.sign_in_challenges WHERE user_id = \(user.id)",
            AuditEntry(
                type: cause.rawValue, entityID: user.id, organizationID: nil, actor: try Actor.user(user.id)
            ).insert,
        ])
        if let address = EmailAddress(user.email) {
            try await transaction.query(try queue.insert(.passwordChanged(of: address)))
        }
        return try await SessionStore.revokeAll(of: user.id, but: session, outbox, transaction)
    }
}
