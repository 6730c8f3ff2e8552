import HTTPKit
import Identity

/// Replaces session cookies past half of their life: those that come here and, asked over HTTP, those that come to the
/// other services, which may not sign.
struct CookieRenewal: Sendable {
    let authenticator: Authenticator
    let sessions: Sessions

    /// A new token for the session that `cookie` holds; nil when none is due, or when the cookie is not, or not any
    /// more, good for anything.
    @Sendable func renewed(_ cookie: String) async throws -> SessionToken? {
        let authentication = try? await authenticator.authenticate(Credentials(sessionCookie: cookie))
        guard let user = authentication?.principal.user else { return nil }
        return try await sessions.renewedCookie(of: user)
    }
}
