import Foundation
import Identity
import Postgres

/// Keeps and ends sessions.
struct Sessions: Sendable {
    /// The refresh token is none of ours, has been used, or its session has ended.
    struct InvalidRefreshToken: Error {}

    let store: SessionStore
    let issuer: TokenIssuer
    let announcer: RevocationAnnouncer

    // MARK: Programs

    /// Exchanges a refresh token. One that is used twice has been stolen, from us or from its owner: the session ends.
    ///
    /// - Throws: ``InvalidRefreshToken``, ``SigningKeys/NotLoaded``, `PostgresError`.
    func refresh(_ text: String) async throws -> TokenSet {
        // The old token is spent below; without a key there would be none to give for it.
        try issuer.requireKeys()
        guard let token = SecretToken(text, kind: .refresh) else { throw InvalidRefreshToken() }
        let now = Timestamp.now
        let next = SecretToken(.refresh)
        if let session = try await store.rotate(
            token.hash, to: next.hash, expiresAt: now.adding(SessionTerms.api.lifetime))
        {
            return try await issuer.tokens(of: session, refreshToken: next, at: now)
        }
        if let stolen = try await store.sessionOfUsedToken(token.hash) {
            _ = try await end(stolen.id, of: stolen.userID)
        }
        throw InvalidRefreshToken()
    }

    // MARK: Browsers

    /// A new cookie for a session whose present one is past half of its life; nil while it is not, or when the session
    /// does not hold any more.
    ///
    /// - Parameter user: Who the present cookie stands for.
    func renewedCookie(of user: UserPrincipal) async throws -> SessionToken? {
        guard let id = user.sessionID, let end = user.expiresAt, user.isPastHalfLife(at: Date()) else { return nil }
        let now = Timestamp.now
        let terms = SessionTerms(cookieLifetime: .seconds(end.timeIntervalSince(user.issuedAt)))
        guard let session = try await store.prolong(id, terms: terms, from: now) else { return nil }
        return try await issuer.cookie(of: session, terms: terms, at: now)
    }

    // MARK: Ending

    /// Ends a session of a user everywhere; false when there is no such session any more.
    func end(_ id: UUID, of user: UUID) async throws -> Bool {
        guard let revocation = try await store.revoke(id, of: user, at: .now) else { return false }
        await announcer.announce(revocation)
        return true
    }
}
