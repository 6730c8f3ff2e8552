import Identity
import Postgres

/// Opens a session for who knows the password.
struct SignIn: Sendable {
    /// There is no such account, or it has another password; which of the two is not told.
    struct WrongCredentials: Error {}

    let users: UserStore
    let sessions: SessionStore
    let hasher: PasswordHasher
    let limit: SignInGuard
    let issuer: TokenIssuer

    /// - Throws: ``WrongCredentials``, ``SignInGuard/TooManyAttempts``, ``PasswordHasher/Overloaded``,
    ///   ``SigningKeys/NotLoaded``, `PostgresError`.
    func signIn(
        email: String, password: String, terms: SessionTerms, client: ClientDescription
    ) async throws -> OpenedSession {
        let attempt = SignInGuard.Attempt(account: email, address: client.address)
        try await limit.admit(attempt)
        try issuer.requireKeys()
        let account: UserStore.Account? =
            if let address = EmailAddress(email) { try await users.account(address) } else { nil }
        guard try await knowsPassword(password, of: account, attempt), let account, account.user.isActive else {
            throw WrongCredentials()
        }
        await limit.succeeded(attempt)
        let session = NewSession(
            userID: account.user.id, membership: account.membership, terms: terms, client: client, at: .now)
        // While the password was hashed the account may have been closed, or the role become another one.
        let (user, membership) = try await sessions.open(session)
        guard user.isActive else { throw WrongCredentials() }
        return OpenedSession(session, user: user, membership: membership)
    }

    /// The attempt is admitted again once it has its turn, so that of many at once only as many slip through as are
    /// hashed at once.
    private func knowsPassword(
        _ password: String, of account: UserStore.Account?, _ attempt: SignInGuard.Attempt
    ) async throws -> Bool {
        try await hasher.withPermit { permit in
            try await limit.admit(attempt)
            let isRight = try await permit.matches(password, account?.passwordHash)
            if !isRight { await limit.failed(attempt) }
            return isRight
        }
    }
}
