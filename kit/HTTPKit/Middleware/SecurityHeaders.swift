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

    func handle(
        _ request: Request, context: AppRequestContext,
        next: (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        let isPage = response.headers[.contentType]?.hasPrefix("text/html") == true
        response.headers[.contentSecurityPolicy] = isPage ? Self.pagePolicy : Self.dataPolicy
        response.headers[.xContentTypeOptions] = "nosniff"
        if isPage {
            response.headers[.referrerPolicy] = "same-origin"
            response.headers[.crossOriginOpenerPolicy] = "same-origin"
        }
        if response.headers[.cacheControl] == nil {
            // Stored by nobody but the one who asked, and asked for again by its ETag.
            response.headers[.cacheControl] = "private, no-cache"
            // Nor taken for the next person who signs in with the same browser.
            response.headers[.vary] = response.headers[.vary].map { $0 + ", " + Self.credentials } ?? Self.credentials
        }
        if request.isSecure {
            response.headers[.strictTransportSecurity] = "max-age=31536000"
        }
        return response
    }
}
