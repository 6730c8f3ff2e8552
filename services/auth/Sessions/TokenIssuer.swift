import Foundation
import Identity
import Kernel
import Postgres

/// Signs the tokens of a session, as of when it was read.
struct TokenIssuer: Sendable {
    let keys: SigningKeys

    /// Waits for the keys of a process that has just started.
    ///
    /// - Throws: ``SigningKeys/NotLoaded``.
    func requireKeys() async throws(SigningKeys.NotLoaded) {
        try await keys.waitUntilLoaded()
    }

    /// What a program keeps its session with; without a refresh token where a cookie does.
    ///
    /// - Throws: ``SigningKeys/NotLoaded``.
    func tokens(of session: ActiveSession, refreshToken: SecretToken?) async throws -> TokenSet {
        let access = try await sign(.access, for: session, lifetime: SessionTerms.accessTokenLifetime)
        return TokenSet(access: access, refresh: refreshToken?.secret, session: session)
    }

    /// What a browser keeps its session with.
    ///
    /// - Throws: ``SigningKeys/NotLoaded``.
    func cookie(of session: ActiveSession, terms: SessionTerms) async throws -> SessionToken {
        let token = try await sign(.session, for: session, lifetime: terms.lifetime)
        // Without "remember me" the cookie ends with the browser.
        let maxAge = terms == .rememberedBrowser ? Int(terms.lifetime.components.seconds) : nil
        return SessionToken(token, maxAge: maxAge)
    }

    private func sign(
        _ kind: TokenClaims.Kind, for session: ActiveSession, lifetime: Duration
    ) async throws -> String {
        let standing = session.standing
        let issuedAt = Date(timeIntervalSince1970: Double(session.asOf.microseconds) / 1e6)
        let user = UserPrincipal(
            id: session.user.id, organizationID: standing.organizationID, role: standing.role, grants: standing.grants,
            sessionID: session.id, tokenID: UUID.v7(at: session.asOf), isSuperuser: session.user.isSuperuser,
            issuedAt: issuedAt, expiresAt: nil)
        let claims = TokenClaims(
            kind, user: user, sessionID: session.id, lifetime: TimeInterval(lifetime.components.seconds))
        return try await keys.signer().sign(claims)
    }
}

/// The tokens of a session.
struct TokenSet: Sendable {
    let access: String
    /// Nil where a cookie keeps the session.
    let refresh: String?
    let session: ActiveSession
}
