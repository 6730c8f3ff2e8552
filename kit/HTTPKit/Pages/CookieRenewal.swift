import Hummingbird
import Identity

/// Gives a browser a new session cookie when the one it sent is past half of its life, whichever route it asked for.
struct CookieRenewal: Sendable {
    let sessions: SessionRenewal

    /// The response, with the new cookie where one is due; as it was where there is none to be had.
    func renewing(_ response: Response, to request: Request, _ context: AppRequestContext) async -> Response {
        guard context.authentication?.credential == .sessionCookie, let user = context.principal?.user,
            let token = Credentials(of: request.head).sessionCookie, response.mayRenewSession,
            let renewed = await sessions.renewed(token, of: user)
        else { return response }
        var response = response
        response.setCookie(SessionCookie.make(renewed, isSecure: request.isSecure))
        return response
    }
}

extension Response {
    /// Not where the session has just begun or ended, where caches on the way may keep the answer for others, and where
    /// the connection is a WebSocket from now on, which must not wait.
    fileprivate var mayRenewSession: Bool {
        status != .switchingProtocols
            && headers[.cacheControl]?.contains("public") != true
            && !headers[values: .setCookie].contains { $0.hasPrefix(SessionCookie.name + "=") }
    }
}
