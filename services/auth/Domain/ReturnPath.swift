/// Where a browser goes once it is signed in: a path of this site, whatever a link asked for.
struct ReturnPath: Sendable, Hashable {
    static let `default` = "/dashboard"
    private static let maximumLength = 2048

    let path: String

    /// Anything but a path of this site becomes ``default``. A browser reads `//host` and `/\host` as another site,
    /// and skips tabs and line feeds before it looks.
    init(_ requested: String?) {
        guard let requested, requested.utf8.count <= Self.maximumLength,
            requested.hasPrefix("/"), !requested.hasPrefix("//"), !requested.hasPrefix("/auth/"),
            requested.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else {
            path = Self.default
            return
        }
        path = requested
    }
}
