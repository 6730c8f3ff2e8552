import HTTPKit
import Hummingbird

extension Sessions {
    /// The way on for a browser whose session has just been opened, with its cookie.
    func entry(_ opened: OpenedSession, to path: ReturnPath, _ request: Request) async throws -> Redirect {
        let token = try await issuer.cookie(of: opened.session, terms: opened.terms)
        return Redirect(to: path.path).setting(SessionCookie.make(token, isSecure: request.isSecure))
    }
}
