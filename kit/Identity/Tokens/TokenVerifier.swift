import Foundation
import Synchronization

/// Verifies users' tokens: signature by a published key, ES256 only, issuer, audience, time, and no revocation.
///
/// A token that has been verified is remembered by its hash until it expires, so that the next request with it costs a
/// hash and two look-ups, without suspending. Revocations are asked every time.
public final class TokenVerifier: Sendable {
    private let keys: any VerificationKeySource
    private let revocations: Revocations
    private let now: @Sendable () -> Date
    private let verified: Mutex<BoundedCache<SecretHash, UserPrincipal>>

    /// Remembers at most `capacity` tokens.
    public init(
        keys: any VerificationKeySource, revocations: Revocations, capacity: Int = 20_000,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.keys = keys
        self.revocations = revocations
        self.now = now
        verified = Mutex(BoundedCache(capacity: capacity))
    }

    /// The user that `token` stands for.
    public func verify(_ token: String) async throws(TokenError) -> UserPrincipal {
        let hash = SecretHash(of: token)
        let now = now()
        let user: UserPrincipal
        if let known = verified.withLock({ $0.value(for: hash, at: now) }) {
            user = known
        } else {
            user = try await principal(of: token, at: now)
            verified.withLock { $0.insert(user, for: hash, until: user.expiresAt ?? now) }
        }
        guard !revocations.isRevoked(user) else { throw .revoked }
        return user
    }

    private func principal(of token: String, at now: Date) async throws(TokenError) -> UserPrincipal {
        let header = try TokenHeader(of: token)
        guard header.alg == JSONWebKey.Algorithm.es256.rawValue else { throw .wrongAlgorithm }
        guard let key = try await keys.key(id: header.kid) else { throw .unknownKey }
        let claims = try key.claims(of: token)
        try claims.validate(at: now)
        return claims.principal
    }
}
