import Hummingbird
import Identity

/// The CSRF tokens of forms: what a page's hidden field `csrf_token` holds, and the check of what comes back.
///
/// A token is bound to the session or, before there is one, to the cookie `form_token`, which the page sets.
public struct FormTokens: Sendable {
    static let fieldName = "csrf_token"
    static let cookieName = "form_token"

    private let tokens: CSRFTokens

    public init(keys: KeyRing) {
        tokens = CSRFTokens(keys: keys)
    }

    /// A token for the page that answers `request`, and the cookie it needs, when the browser has none yet.
    func issue(for request: Request, _ context: AppRequestContext) -> (token: String, cookie: Cookie?) {
        if let binding = Self.binding(of: request, context) { return (tokens.make(for: binding), nil) }
        let binding = String(UInt128.random(in: .min ... .max), radix: 36)
        let cookie = Cookie(
            name: Self.cookieName, value: binding, path: "/", secure: request.isSecure, httpOnly: true, sameSite: .lax)
        return (tokens.make(for: binding), cookie)
    }

    /// The fields of a form.
    ///
    /// - Throws: ``Problem``: 403 unless they hold a token that was issued to this browser.
    func checkedFields(of request: Request, _ context: AppRequestContext) async throws -> FormFields {
        let body = try await request.body.collect(upTo: context.maxUploadSize)
        let fields = try FormFields(String(buffer: body))
        guard let binding = Self.binding(of: request, context), let token = fields[Self.fieldName],
            tokens.accepts(token, for: binding)
        else { throw Problem.forbidden("The form has expired; load its page again.") }
        return fields
    }

    private static func binding(of request: Request, _ context: AppRequestContext) -> String? {
        if context.authentication?.credential == .sessionCookie, let user = context.principal?.user {
            return user.sessionID?.uuidString ?? user.tokenID.uuidString
        }
        return request.cookies[cookieName]?.value
    }
}
