import EventBus
import Foundation
import Identity
import Kernel
import Postgres

/// Finds out whether an account's address is its user's, by a letter that has to be answered.
struct EmailVerification: Sendable {
    /// The token is none of ours, was used before, or is too old.
    struct InvalidToken: Error {}
    /// There is nothing to verify.
    struct AlreadyVerified: Error {}

    let users: UserStore
    let correspondence: Correspondence
    /// By user.
    let limit: ActionGuard

    /// Sends another letter to the account's address.
    ///
    /// - Throws: ``AlreadyVerified``, ``SignInGuard/TooManyAttempts``.
    func resend(to id: UUID) async throws {
        guard let user = try await users.user(id), let address = EmailAddress(user.email) else { throw InvalidToken() }
        guard !user.isEmailVerified else { throw AlreadyVerified() }
        try await send(to: address, for: id)
    }

    /// Sends a letter to an address that is to take the place of the account's.
    ///
    /// - Throws: ``SignInGuard/TooManyAttempts``.
    func change(to address: EmailAddress, of id: UUID) async throws {
        let audit = AuditEntry(
            type: "user.email_change_requested", entityID: id, organizationID: nil, actor: try Actor.user(id),
            data: try JSONB(["email": address.text]))
        try await send(to: address, for: id, with: [audit.insert])
    }

    private func send(to address: EmailAddress, for id: UUID, with traces: [SQL] = []) async throws {
        try await limit.admit(id.text)
        _ = try await users.database.batch(correspondence.verification(of: address, for: id) + traces, as: .platform)
        correspondence.queue.wake.wake()
    }

    /// Takes the answer to a letter: its address is the account's from now on, and verified.
    ///
    /// - Throws: ``InvalidToken``; ``Registrar/AddressTaken`` when another account has got the address meanwhile.
    func verify(_ text: String) async throws {
        guard let token = SecretToken(text, kind: .emailVerification) else { throw InvalidToken() }
        do {
            try await users.database.withTransaction(as: .platform) { transaction in
                guard let (before, after) = try await spend(token.hash, transaction) else { throw InvalidToken() }
                try await transaction.batch(try traces(of: before, after))
            }
        } catch let error as PostgresError where error.constraint == "users_email_key" {
            throw Registrar.AddressTaken()
        }
        users.outbox.wake()
        correspondence.queue.wake.wake()
    }

    /// The user's address until now, and the user.
    private func spend(_ token: SecretHash, _ transaction: Transaction) async throws -> (String, User)? {
        let rows = try await transaction.query(
            """
            WITH spent AS (
                DELETE FROM auth.email_verifications WHERE hash = \(token.bytes) AND expires_at > now()
                RETURNING user_id, email
            ), old AS (
                SELECT u.id, u.email FROM auth.users u JOIN spent s ON s.user_id = u.id FOR UPDATE OF u
            )
            UPDATE auth.users u
            SET email = s.email, email_verified_at = now(), version = version + 1, last_updated = now()
            FROM spent s, old o WHERE u.id = s.user_id AND o.id = u.id
            RETURNING \(UserStore.columns), o.email
            """)
        return try rows.first.map { (try $0.decode(at: User.columnCount), try User($0)) }
    }

    private func traces(of before: String, _ user: User) throws -> [SQL] {
        let isChanged = before != user.email
        let audit = AuditEntry(
            type: isChanged ? "user.email_changed" : "user.email_verified", entityID: user.id, organizationID: nil,
            actor: try Actor.user(user.id),
            data: try JSONB(isChanged ? ["before": before, "after": user.email] : ["email": user.email]))
        var statements = [
            audit.insert, user.entity.update, users.outbox.append(try .userUpdated(user)),
            // Letters to other addresses are about what was wanted before.
            "DELETE FROM auth.email_verifications WHERE user_id = \(user.id)",
        ]
        if isChanged, let old = EmailAddress(before), let new = EmailAddress(user.email) {
            // Who reads the old address's mail is not to set the password.
            statements.append("DELETE FROM auth.password_resets WHERE user_id = \(user.id)")
            statements.append(try correspondence.queue.insert(.addressChanged(from: old, to: new)))
        }
        return statements
    }
}
