import HTTPKit

/// Where a browser goes once it is signed in: a page of this site, whatever a link asked for.
struct ReturnPath: Sendable, Hashable {
    static let `default` = "/dashboard"
    private static let maximumLength = 2048

    let path: String

    /// Anything but a path of this site becomes ``default``, as does a page for signing in.
    init(_ requested: String?) {
        guard let requested, requested.utf8.count <= Self.maximumLength, Redirect.isLocal(requested),
            !requested.hasPrefix("/auth/") || requested.hasPrefix("/auth/profile")
        else {
            path = Self.default
            return
        }
        path = requested
    }
}
