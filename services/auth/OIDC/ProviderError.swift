/// Why a provider could not do its part. None of it holds a code, a token or a secret.
enum ProviderError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is no connection, or no answer in time.
    case unreachable(reason: String)
    /// It answers, but not with what the specification asks for.
    case unusable(document: String, reason: String)
    /// The token endpoint does not take the code (RFC 6749 section 5.2).
    case codeRefused
    case untrusted(IDTokenError)

    var description: String {
        switch self {
        case .unreachable(let reason): "it cannot be reached: \(reason)"
        case .unusable(let document, let reason): "its \(document) cannot be used: \(reason)"
        case .codeRefused: "it refuses the code"
        case .untrusted(let error): "its ID token is not trusted: \(error)"
        }
    }
}

/// What is wrong with an ID token.
enum IDTokenError: String, Error, Sendable, Hashable {
    case malformed
    /// Unsigned, or signed with a secret that others may have.
    case wrongAlgorithm
    /// The provider publishes no such key.
    case unknownKey
    case badSignature
    case wrongIssuer
    /// It is meant for somebody else.
    case wrongAudience
    case expired
    /// It was issued too long ago, or is yet to be.
    case wrongTime
    /// It was issued for another sign-in.
    case wrongNonce
    case invalidSubject
}
