import Foundation
import Identity
import Postgres

/// Opens a session for who knows the password, and has the second factor where there is one.
struct SignIn: Sendable {
    /// There is no such account, or it has another password; which of the two is not told.
    struct WrongCredentials: Error {}
    /// The first step was too long ago, or too many codes were wrong.
    struct InvalidChallenge: Error {}

    /// The account has no password to ask for: its user signs in by way of a provider.
    struct NoPassword: Error {}

    /// What the right password leads to.
    enum Outcome: Sendable {
        case opened(OpenedSession)
        /// The second factor is to be shown, with this token.
        case challenged(SecretToken)
    }

    let users: UserStore
    let sessions: SessionStore
    let challenges: ChallengeStore
    let twoFactor: TwoFactor
    let hasher: PasswordHasher
    let limit: SignInGuard
    let issuer: TokenIssuer
    let log: SignInLog

    /// - Throws: ``WrongCredentials``, ``SignInGuard/TooManyAttempts``, ``PasswordHasher/Overloaded``,
    ///   ``SigningKeys/NotLoaded``, `PostgresError`.
    func signIn(
        email: String, password: String, terms: SessionTerms, client: ClientDescription
    ) async throws -> Outcome {
        let address = EmailAddress(email)
        // However it is spelled, it is one account's.
        let attempt = SignInGuard.Attempt(account: address?.text ?? email, network: client.network)
        try await limit.admit(attempt)
        try await issuer.requireKeys()
        let known: UserStore.Account? = if let address { try await users.account(address) } else { nil }
        return try await admit(try await check(password, of: known, .signIn, attempt, client), terms, client)
    }

    /// Takes somebody whom a provider has vouched for in the place of a password.
    ///
    /// - Throws: ``WrongCredentials``, ``SigningKeys/NotLoaded``, `PostgresError`.
    func signIn(_ user: UUID, terms: SessionTerms, client: ClientDescription) async throws -> Outcome {
        try await issuer.requireKeys()
        guard let account = try await users.account(user), account.user.isActive else { throw WrongCredentials() }
        return try await admit(account, terms, client)
    }

    private func admit(
        _ account: UserStore.Account, _ terms: SessionTerms, _ client: ClientDescription
    ) async throws -> Outcome {
        guard try await twoFactor.isRequired(of: account.user.id) else {
            return .opened(try await open(account, terms, client))
        }
        let token = SecretToken(.challenge)
        let challenge = ChallengeStore.Challenge(userID: account.user.id, terms: terms)
        guard try await challenges.insert(token, challenge, ifPasswordIs: account.passwordHash) else {
            throw WrongCredentials()
        }
        return .challenged(token)
    }

    /// The second step: takes a code of the authenticator app, or a recovery code.
    ///
    /// - Throws: ``InvalidChallenge``, ``TwoFactor/WrongCode``, ``SignInGuard/TooManyAttempts``,
    ///   ``SigningKeys/NotLoaded``, `PostgresError`.
    func answer(_ challenge: String, code: String, client: ClientDescription) async throws -> OpenedSession {
        try await issuer.requireKeys()
        guard let token = SecretToken(challenge, kind: .challenge),
            let found = try await challenges.find(token.hash),
            let account = try await users.account(found.userID), account.user.isActive
        else { throw InvalidChallenge() }
        do {
            try await twoFactor.use(code, of: found.userID) {
                guard try await challenges.count(token.hash) else { throw InvalidChallenge() }
            }
        } catch let error as TwoFactor.WrongCode {
            try await log.failed(found.userID, at: .secondFactor, client)
            throw error
        } catch is TwoFactor.NotBegun {
            // It was ended in another session; signing in again needs none.
            throw InvalidChallenge()
        }
        guard try await challenges.end(token.hash) else { throw InvalidChallenge() }
        return try await open(account, found.terms, client)
    }

    /// Asks who is signed in for the password once more.
    ///
    /// - Throws: ``NoPassword``, and as ``signIn(email:password:terms:client:)``.
    func confirm(_ password: String, of user: UUID, client: ClientDescription) async throws -> UserStore.Account {
        guard let account = try await users.account(user) else { throw WrongCredentials() }
        guard account.passwordHash != nil else { throw NoPassword() }
        let attempt = SignInGuard.Attempt(account: account.user.email, network: client.network)
        try await limit.admit(attempt)
        return try await check(password, of: account, .confirmation, attempt, client)
    }

    /// The attempt is admitted again once it has its turn, so that of many at once only as many slip through as are
    /// hashed at once.
    private func check(
        _ password: String, of account: UserStore.Account?, _ occasion: SignInLog.Occasion,
        _ attempt: SignInGuard.Attempt, _ client: ClientDescription
    ) async throws -> UserStore.Account {
        let isRight = try await hasher.withPermit { permit in
            try await limit.admit(attempt)
            let isRight = try await permit.matches(password, account?.passwordHash)
            if !isRight { await limit.failed(attempt) }
            return isRight
        }
        guard isRight, let account, account.user.isActive else {
            try await log.failed(account?.user.id, at: .password, of: occasion, client)
            throw WrongCredentials()
        }
        await limit.succeeded(attempt)
        return account
    }

    private func open(
        _ account: UserStore.Account, _ terms: SessionTerms, _ client: ClientDescription
    ) async throws -> OpenedSession {
        let session = NewSession(
            userID: account.user.id, membership: account.membership, terms: terms, client: client, at: .now)
        // Since the account was read it may have been closed, or have got another password or role.
        guard let opened = try await sessions.open(session, ifPasswordIs: account.passwordHash) else {
            throw WrongCredentials()
        }
        return OpenedSession(session, opened)
    }
}
