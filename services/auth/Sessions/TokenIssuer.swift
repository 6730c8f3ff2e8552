import Foundation
import Identity
import Kernel
import Postgres

/// Signs the tokens of a session.
struct TokenIssuer: Sendable {
    let keys: SigningKeys

    /// - Throws: ``SigningKeys/NotLoaded``.
    func requireKeys() throws(SigningKeys.NotLoaded) {
        _ = try keys.signer()
    }

    /// - Throws: ``SigningKeys/NotLoaded``.
    func accessToken(for session: ActiveSession, at now: Timestamp) async throws -> String {
        try await token(.access, for: session, lifetime: SessionTerms.accessTokenLifetime, at: now)
    }

    /// The value of the session's cookie.
    ///
    /// - Throws: ``SigningKeys/NotLoaded``.
    func cookieToken(for session: ActiveSession, terms: SessionTerms, at now: Timestamp) async throws -> String {
        try await token(.session, for: session, lifetime: terms.lifetime, at: now)
    }

    private func token(
        _ kind: TokenClaims.Kind, for session: ActiveSession, lifetime: Duration, at now: Timestamp
    ) async throws -> String {
        let issuedAt = Date(timeIntervalSince1970: Double(now.microseconds) / 1e6)
        let user = UserPrincipal(
            id: session.user.id, organizationID: session.membership?.organizationID, role: session.membership?.role,
            sessionID: session.id, tokenID: UUID.v7(at: now), isSuperuser: session.user.isSuperuser,
            issuedAt: issuedAt, expiresAt: nil)
        let claims = TokenClaims(
            kind, user: user, sessionID: session.id, lifetime: TimeInterval(lifetime.components.seconds))
        return try await keys.signer().sign(claims)
    }
}
