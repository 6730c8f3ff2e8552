import Crypto
import Foundation

/// One public key of the issuer, ready to verify with.
public struct VerificationKey: Sendable {
    private let key: P256.Signing.PublicKey

    /// Throws when the coordinates are not a point of the curve.
    public init(_ key: JSONWebKey) throws {
        guard let x = Base64URL.decode(key.x), let y = Base64URL.decode(key.y) else { throw TokenError.malformed }
        self.key = try P256.Signing.PublicKey(rawRepresentation: x + y)
    }

    /// The claims of `token` when this key signed it with ES256 (RFC 7518 section 3.4); neither their time nor their use
    /// is checked.
    func claims(of token: String) throws(TokenError) -> TokenClaims {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Base64URL.decode(parts[2]) else { throw .malformed }
        let signed = Data(token.utf8.prefix(token.utf8.count - parts[2].utf8.count - 1))
        guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature),
            key.isValidSignature(signature, for: signed)
        else { throw .badSignature }
        guard let json = Base64URL.decode(parts[1]),
            let claims = try? JSONDecoder().decode(TokenClaims.self, from: Data(json))
        else { throw .malformed }
        return claims
    }
}

/// Where the issuer's public keys come from.
public protocol VerificationKeySource: Sendable {
    /// The key with that id, or nil when the issuer publishes none; throws `keysUnavailable` when nobody can say.
    func key(id: String) async throws(TokenError) -> VerificationKey?
}
