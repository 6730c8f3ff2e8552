import Crypto
import Foundation

/// Tokens that prove a form was served by us to the browser that sends it.
///
/// A token is a random salt and the HMAC-SHA256 of salt and binding. The binding is the session's id or, before there
/// is one, the value of a cookie of the browser's own. The salt makes every page's token another one, so that
/// compression of the page cannot leak it.
public struct CSRFTokens: Sendable {
    private static let saltLength = 16

    private let keys: [SymmetricKey]

    public init(keys ring: KeyRing) {
        keys = ring.keys(for: .csrf).map(\.key)
    }

    /// A new token for the holder of `binding`.
    public func make(for binding: String) -> String {
        let salt = (0..<Self.saltLength).map { _ in UInt8.random(in: .min ... .max) }
        let code = HMAC<SHA256>.authenticationCode(for: salt + Array(binding.utf8), using: keys[0])
        return Base64URL.encode(salt + Array(code))
    }

    /// Whether `token` was made for `binding`; compared in constant time.
    public func accepts(_ token: some StringProtocol, for binding: String) -> Bool {
        guard let bytes = Base64URL.decode(token), bytes.count == Self.saltLength + SHA256.byteCount else {
            return false
        }
        let signed = bytes.prefix(Self.saltLength) + Array(binding.utf8)
        let code = Data(bytes.dropFirst(Self.saltLength))
        return keys.contains { HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: $0) }
    }
}
