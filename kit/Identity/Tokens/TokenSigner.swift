import JWTKit

/// Signs users' tokens with one key: the part of `auth` alone.
public struct TokenSigner: Sendable {
    private let collection: JWTKeyCollection
    private let kid: JWKIdentifier

    public init(key: SigningKey) async throws {
        collection = JWTKeyCollection()
        kid = JWKIdentifier(string: key.kid)
        await collection.add(ecdsa: try ES256PrivateKey(backing: key.privateKey), kid: kid)
    }

    /// The compact serialization (RFC 7515 section 7.1), with the key's id in its header.
    public func sign(_ claims: TokenClaims) async throws -> String {
        try await collection.sign(claims, kid: kid)
    }
}
