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
        try await issuer.requireKeys()
        guard let token = SecretToken(text, kind: .refresh) else { throw InvalidRefreshToken() }
        let next = SecretToken(.refresh)
        if let session = try await store.rotate(
            token.hash, to: next.hash, expiresAt: Timestamp.now.adding(SessionTerms.api.lifetime))
        {
            return try await issuer.tokens(of: session, refreshToken: next)
        }
        if let stolen = try await store.sessionOfUsedToken(token.hash) {
            _ = try await end(stolen.id, of: stolen.userID, because: .tokenReused)
        }
        throw InvalidRefreshToken()
    }

    /// Makes another organization the active one of a program's session. The new refresh token takes the place of the
    /// one before.
    ///
    /// - Throws: ``OrganizationError/notFound`` where the user has no place,
    ///   ``OrganizationError/secondFactorRequired``, ``SigningKeys/NotLoaded``, `PostgresError`.
    func activate(_ organization: UUID, for user: UserPrincipal) async throws -> TokenSet {
        try await issuer.requireKeys()
        let refreshToken = SecretToken(.refresh)
        let session = try await store.activate(
            organization, for: user, .api, refreshToken: refreshToken.hash, from: .now)
        guard let session else { throw try await refusal(of: organization, to: user) }
        return try await issuer.tokens(of: session, refreshToken: refreshToken)
    }

    // MARK: Browsers

    /// A new cookie for a session whose present one is past half of its life; nil while it is not, or when the session
    /// does not hold any more.
    ///
    /// - Parameter user: Who the present cookie stands for.
    func renewedCookie(of user: UserPrincipal) async throws -> SessionToken? {
        guard user.isPastHalfLife(at: Date()) else { return nil }
        return try await reissuedCookie(of: user)
    }

    /// A new cookie for a session whose present one does not say any more what is so; nil when the session does not hold
    /// any more.
    func reissuedCookie(of user: UserPrincipal) async throws -> SessionToken? {
        guard let id = user.sessionID, let terms = SessionTerms(cookieOf: user) else { return nil }
        guard let session = try await store.prolong(id, terms: terms, from: .now) else { return nil }
        return try await issuer.cookie(of: session, terms: terms)
    }

    /// A new cookie for a browser whose cookie is void since the user's role or organization is another one now, while
    /// the session itself holds; nil for any other.
    func revivedCookie(_ token: String) async throws -> SessionToken? {
        guard var user = try? await issuer.keys.holder(of: token) else { return nil }
        // Without an organization a user is touched by no revocation but those of the session, the user and the token.
        user.organizationID = nil
        guard !announcer.revocations.isRevoked(user) else { return nil }
        return try await reissuedCookie(of: user)
    }

    /// Makes another organization the active one of a browser's session: a new cookie, and an access token for scripts.
    ///
    /// - Throws: ``OrganizationError/notFound`` where the user has no place,
    ///   ``OrganizationError/secondFactorRequired``, ``SigningKeys/NotLoaded``, `PostgresError`.
    func activateInBrowser(
        _ organization: UUID, for user: UserPrincipal
    ) async throws -> (cookie: SessionToken, tokens: TokenSet) {
        guard let terms = SessionTerms(cookieOf: user),
            let session = try await store.activate(organization, for: user, terms, refreshToken: nil, from: .now)
        else { throw try await refusal(of: organization, to: user) }
        return (
            try await issuer.cookie(of: session, terms: terms),
            try await issuer.tokens(of: session, refreshToken: nil)
        )
    }

    /// Why a user has no place in an organization.
    private func refusal(of organization: UUID, to user: UserPrincipal) async throws -> OrganizationError {
        try await store.isSuspended(user.id, in: organization) ? .secondFactorRequired : .notFound
    }

    // MARK: Ending

    /// Ends a session of a user everywhere; false when there is no such session any more.
    func end(_ id: UUID, of user: UUID, because cause: SessionEnd = .revoked) async throws -> Bool {
        guard let revocation = try await store.revoke(id, of: user, because: cause) else { return false }
        await announcer.announce(revocation)
        return true
    }

    /// Ends all sessions of a user but one.
    func endOthers(than kept: UUID?, of user: UUID) async throws {
        let revocations = try await store.database.withTransaction(as: .platform) { transaction in
            try await SessionStore.revokeAll(of: user, but: kept, store.outbox, transaction)
        }
        store.outbox.wake()
        for revocation in revocations { await announcer.announce(revocation) }
    }
}

extension SessionTerms {
    /// Nil for a credential without an end, which no cookie has.
    fileprivate init?(cookieOf user: UserPrincipal) {
        guard let end = user.expiresAt else { return nil }
        self.init(cookieLifetime: .seconds(end.timeIntervalSince(user.issuedAt)))
    }
}
