import Foundation
import HTTPTypes
import Hummingbird

/// An answer that sends the browser on with GET (303), to a path of this site only.
public struct Redirect: ResponseGenerator {
    private let path: String
    private var cookies: [Cookie] = []

    /// - Parameter path: where to; `/` instead of anything that could leave the site.
    public init(to path: String) {
        self.path = Self.isLocal(path) ? path : "/"
    }

    /// The same, setting a cookie.
    public func setting(_ cookie: Cookie) -> Redirect {
        var redirect = self
        redirect.cookies.append(cookie)
        return redirect
    }

    public func response(from request: Request, context: some RequestContext) -> Response {
        var response = Response(status: .seeOther, headers: [.location: path])
        for cookie in cookies { response.setCookie(cookie) }
        return response
    }

    /// The sign-in page, which leads back to what was asked for.
    static func toSignIn(from request: Request) -> Response {
        var target = "/auth/login"
        // A page that was sent to cannot be come back to.
        if request.method == .get, request.uri.path != "/",
            let next = request.uri.description.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
        {
            target += "?next=" + next
        }
        return Response(status: .seeOther, headers: [.location: target])
    }

    /// Whether `path` is an absolute path of this site.
    ///
    /// Browsers take `//host` and `/\host` for another site, and drop tabs and newlines before they look.
    public static func isLocal(_ path: String) -> Bool {
        guard path.hasPrefix("/"), !path.hasPrefix("//") else { return false }
        return path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }
    }
}
