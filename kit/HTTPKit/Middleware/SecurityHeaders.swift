import HTTPTypes
import Hummingbird

/// The header fields that keep a browser from doing with our answers what it must not.
struct SecurityHeaders: RouterMiddleware {
    typealias Context = AppRequestContext

    /// Pages load scripts, styles and data from ourselves only, and nothing inline.
    private static let pagePolicy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
        "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")
    private static let credentials = "Cookie, Authorization"
    private static let dataPolicy = "default-src 'none'; frame-ancestors 'none'"
    static let strictTransport = HTTPField(name: .strictTransportSecurity, value: "max-age=31536000")

    func handle(
        _ request: Request, context: AppRequestContext,
        next: (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        Self.add(to: &response.headers, isSecure: request.isSecure)
        return response
    }

    static func add(to headers: inout HTTPFields, isSecure: Bool) {
        let isPage = headers[.contentType]?.hasPrefix("text/html") == true
        headers[.contentSecurityPolicy] = isPage ? pagePolicy : dataPolicy
        headers[.xContentTypeOptions] = "nosniff"
        if isPage {
            headers[.referrerPolicy] = "same-origin"
            headers[.crossOriginOpenerPolicy] = "same-origin"
        }
        if headers[.cacheControl] == nil {
            // Stored by nobody but the one who asked, and asked for again by its ETag.
            headers[.cacheControl] = "private, no-cache"
            // Nor taken for the next person who signs in with the same browser.
            headers[.vary] = headers[.vary].map { $0 + ", " + credentials } ?? credentials
        }
        if isSecure { headers[strictTransport.name] = strictTransport.value }
    }
}
