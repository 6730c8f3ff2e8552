import Hummingbird

/// The cookie that holds a browser's session: `session_token`, a JWT.
public enum SessionCookie {
    public static let name = "session_token"

    /// Signs the browser in with `token`, for as long as it stays open or, with `maxAge`, for so many seconds.
    public static func make(_ token: String, maxAge: Int?, isSecure: Bool) -> Cookie {
        Cookie(
            name: name, value: token, maxAge: maxAge, path: "/", secure: isSecure, httpOnly: true, sameSite: .lax)
    }

    /// Signs the browser out.
    public static func expired(isSecure: Bool) -> Cookie {
        make("", maxAge: 0, isSecure: isSecure)
    }
}
