import Foundation

/// What can be said of a credential at once, by whoever holds nothing but the issuer's public keys.
public enum CredentialJudgement: Sendable {
    /// A user's token that holds, revocations aside.
    case user(UserPrincipal)
    /// What every service refuses, and why.
    case refused(AuthenticationFailure)
    /// An opaque credential, or one between services: others can tell.
    case open
    /// A token whose key is not known yet: others can tell, and so can this once the keys have been fetched anew.
    case unknownKey
}

extension PublishedKeys {
    /// Judges the token of `Authorization`, or the key of `X-API-Key`, as ``Authenticator`` does.
    public func judge(_ credential: String, at now: Date) -> CredentialJudgement {
        if let isWritten = OpaqueCredential.isWritten(credential.utf8.span) {
            return isWritten ? .open : .refused(.malformed)
        }
        do throws(TokenError) {
            let header = try TokenHeader(of: credential)
            if header.alg == "HS256" { return .open }
            guard header.alg == JSONWebKey.Algorithm.es256.rawValue else { throw TokenError.wrongAlgorithm }
            // The issuer may have begun to sign with it since the keys were fetched, however short a time ago.
            guard let key = knownKey(id: header.kid) else { return .unknownKey }
            let claims = try key.claims(of: credential)
            try claims.validate(at: now)
            return .user(claims.principal)
        } catch {
            return .refused(AuthenticationFailure(error))
        }
    }
}

/// The credentials that only their issuer can tell from made-up ones: keys of devices and personal access tokens.
public enum OpaqueCredential {
    /// Whether `bytes` are written as such a credential has to be; nil when they are another kind's.
    public static func isWritten(_ bytes: Span<UInt8>) -> Bool? {
        for kind in [SecretToken.Kind.deviceKey, .personalAccess] where begins(bytes, with: kind.prefix.utf8.span) {
            return SecretToken.isWritten(bytes, as: kind)
        }
        return nil
    }

    private static func begins(_ bytes: Span<UInt8>, with prefix: Span<UInt8>) -> Bool {
        guard bytes.count >= prefix.count else { return false }
        for index in prefix.indices where bytes[index] != prefix[index] { return false }
        return true
    }
}
