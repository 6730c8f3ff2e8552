import Hummingbird
import Identity

/// The cookie that holds a browser's session: `session_token`, a JWT.
public enum SessionCookie {
    public static let name = "session_token"

    /// Signs the browser in, for as long as the token says.
    public static func make(_ token: SessionToken, isSecure: Bool) -> Cookie {
        Cookie(
            name: name, value: token.token, maxAge: token.maxAge, path: "/", secure: isSecure, httpOnly: true,
            sameSite: .lax)
    }

    /// Signs the browser out.
    public static func expired(isSecure: Bool) -> Cookie {
        make(SessionToken("", maxAge: 0), isSecure: isSecure)
    }
}
