import HTTPKit
import Hummingbird
import Identity

/// Gives a browser another session cookie where the one it sent is void, since its user's role or organization is another
/// one now, while the session holds.
struct CookieReplacement: Sendable {
    let sessions: Sessions

    /// The response to what has changed the caller's own membership, with the new cookie.
    func replacing(
        _ answer: some ResponseGenerator, _ request: Request, _ context: AppRequestContext
    ) async throws -> Response {
        var response = try answer.response(from: request, context: context)
        guard context.authentication?.credential == .sessionCookie,
            let token = try await sessions.reissuedCookie(of: context.user)
        else { return response }
        response.setCookie(SessionCookie.make(token, isSecure: request.isSecure))
        return response
    }

    /// The way on for a browser that is sent to sign in for no other reason.
    func reviving(_ request: Request, to path: ReturnPath) async throws -> Redirect? {
        guard let cookie = Credentials(of: request.head).sessionCookie,
            let token = try await sessions.revivedCookie(cookie)
        else { return nil }
        return Redirect(to: path.path).setting(SessionCookie.make(token, isSecure: request.isSecure))
    }
}
