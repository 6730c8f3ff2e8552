import Foundation
import Identity
import Postgres

/// Changes passwords: with the present one, or with a letter for who has forgotten it.
struct Passwords: Sendable {
    /// The token is none of ours, was used before, or is too old.
    struct InvalidToken: Error {}

    let store: PasswordStore
    let signIn: SignIn
    let correspondence: Correspondence
    let announcer: RevocationAnnouncer
    /// By account, whether or not there is one.
    let resetLimit: ActionGuard
    /// By network address.
    let requestLimit: ActionGuard

    /// Takes a new password, and ends all other sessions of the user.
    ///
    /// - Parameter password: One that ``PasswordPolicy`` takes.
    /// - Throws: ``SignIn/WrongCredentials``, ``SignInGuard/TooManyAttempts``, ``PasswordHasher/Overloaded``.
    func change(
        from current: String, to password: String, of user: UserPrincipal, client: ClientDescription
    ) async throws {
        let account = try await signIn.confirm(current, of: user.id, client: client)
        let hash = try await signIn.hasher.withPermit { try await $0.hash(password) }
        let revocations = try await store.database.withTransaction(as: .platform) { transaction -> [Revocation] in
            // What is present may have been reset while it was checked.
            guard try await store.lock(user.id, ifPasswordIs: account.passwordHash, transaction) else {
                throw SignIn.WrongCredentials()
            }
            return try await store.set(hash, of: account.user, keeping: user.sessionID, because: .changed, transaction)
        }
        await finish(revocations)
    }

    /// Sends a letter to an account's address, and nothing anywhere else.
    ///
    /// - Throws: ``SignInGuard/TooManyAttempts``.
    func requestReset(of email: String, client: ClientDescription) async throws {
        try await requestLimit.admit(client.network)
        // What is no address has no account; saying so tells nothing.
        guard let address = EmailAddress(email) else { return }
        try await resetLimit.admit(address.text)
        _ = try await store.database.batch(
            correspondence.passwordReset(for: address) + [SignInLog.resetRequested(of: address, client)],
            as: .platform)
        correspondence.queue.wake.wake()
    }

    /// Takes a new password from who has the letter, and ends all sessions of the user.
    ///
    /// - Parameter password: One that ``PasswordPolicy`` takes.
    /// - Throws: ``InvalidToken``, ``PasswordHasher/Overloaded``.
    func reset(_ text: String, to password: String) async throws {
        guard let token = SecretToken(text, kind: .passwordReset), try await store.isHeld(token.hash) else {
            throw InvalidToken()
        }
        let hash = try await signIn.hasher.withPermit { try await $0.hash(password) }
        let revocations = try await store.database.withTransaction(as: .platform) { transaction -> [Revocation] in
            guard let user = try await store.spend(token.hash, transaction) else { throw InvalidToken() }
            return try await store.set(hash, of: user, keeping: nil, because: .reset, transaction)
        }
        await finish(revocations)
    }

    private func finish(_ revocations: [Revocation]) async {
        store.outbox.wake()
        correspondence.queue.wake.wake()
        for revocation in revocations { await announcer.announce(revocation) }
    }
}
