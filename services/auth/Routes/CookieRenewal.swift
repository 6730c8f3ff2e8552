import HTTPKit
import Hummingbird

/// Gives a browser a new session cookie when the one it sent is past half of its life.
struct CookieRenewal: Sendable {
    let sessions: Sessions

    /// The response, with the new cookie where one is due.
    func renewing(
        _ answer: some ResponseGenerator, _ request: Request, _ context: AppRequestContext
    ) async throws -> Response {
        var response = try answer.response(from: request, context: context)
        guard context.authentication?.credential == .sessionCookie,
            let token = try await sessions.renewedCookie(of: context.user)
        else { return response }
        response.setCookie(token.cookie(for: request))
        return response
    }
}

extension SessionToken {
    /// The cookie that holds the token; without "remember me" it ends with the browser.
    func cookie(for request: Request) -> Cookie {
        let maxAge = terms == .rememberedBrowser ? Int(terms.lifetime.components.seconds) : nil
        return SessionCookie.make(value, maxAge: maxAge, isSecure: request.isSecure)
    }
}
