import JWTKit

/// One public key of the issuer, ready to verify with.
public struct VerificationKey: Sendable {
    /// Holds this one key, so that no other can be chosen by what a token's header says.
    private let collection = JWTKeyCollection()

    /// Throws when the coordinates are not a point of the curve.
    public init(_ key: JSONWebKey) async throws {
        await collection.add(ecdsa: try ES256PublicKey(parameters: (x: key.x, y: key.y)))
    }

    /// The claims of `token` when this key signed it; neither their time nor their use is checked.
    func claims(of token: String) async throws(TokenError) -> TokenClaims {
        do {
            return try await collection.verify(token, as: TokenClaims.self)
        } catch let error as TokenError {
            throw error
        } catch let error as JWTError where error.errorType == .signatureVerificationFailed {
            throw .badSignature
        } catch {
            throw .malformed
        }
    }
}

/// Where the issuer's public keys come from.
public protocol VerificationKeySource: Sendable {
    /// The key with that id, or nil when the issuer publishes none; throws `keysUnavailable` when nobody can say.
    func key(id: String) async throws(TokenError) -> VerificationKey?
}
