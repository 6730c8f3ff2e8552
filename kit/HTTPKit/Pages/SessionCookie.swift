import Hummingbird
import Identity

/// The cookie that holds a browser's session: `session_token`, a JWT.
public enum SessionCookie {
    public static let name = "session_token"

    /// The first token in the `Cookie` fields of a request, found as the gateway finds it, which limits requests by it: the
    /// name is exact, and nothing but spaces and tabs stands before it.
    static func token(in fields: [String]) -> String? {
        for field in fields {
            for pair in field.utf8.split(separator: UInt8(ascii: ";")) {
                let pair = pair.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                guard pair.starts(with: "\(name)=".utf8) else { continue }
                return String(pair.dropFirst(name.utf8.count + 1))
            }
        }
        return nil
    }

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
