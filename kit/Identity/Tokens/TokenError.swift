/// Why a token is not accepted.
public enum TokenError: Error, Hashable {
    /// Not a JWT, or without a claim that it needs.
    case malformed
    /// Signed with another algorithm than the one that is pinned.
    case wrongAlgorithm
    /// Signed with a key that the issuer does not publish.
    case unknownKey
    /// The signature does not match.
    case badSignature
    /// Made for another audience or purpose.
    case wrongUse
    case expired
    case revoked
    /// The issuer's keys could not be fetched, so nothing can be said about the token.
    case keysUnavailable
}
