import Foundation

/// Finds out who makes a request, from its headers alone.
///
/// `Authorization` wins over `X-API-Key`, and both over the cookie: a request with a bad bearer token is refused even
/// when its cookie is good.
public struct Authenticator: Sendable {
    private let tokens: TokenVerifier
    private let internalTokens: InternalTokens
    private let accessTokens: CredentialCache<UserPrincipal>
    private let deviceKeys: CredentialCache<DevicePrincipal>
    private let revocations: Revocations
    private let now: @Sendable () -> Date

    public init(
        tokens: TokenVerifier, internalTokens: InternalTokens, accessTokens: CredentialCache<UserPrincipal>,
        deviceKeys: CredentialCache<DevicePrincipal>, revocations: Revocations,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.tokens = tokens
        self.internalTokens = internalTokens
        self.accessTokens = accessTokens
        self.deviceKeys = deviceKeys
        self.revocations = revocations
        self.now = now
    }

    /// The principal of a request, or nil when it carries no credentials at all.
    public func authenticate(_ credentials: Credentials) async throws(AuthenticationFailure) -> Authentication? {
        if let bearer = try credentials.bearer { return try await authenticate(bearer: bearer) }
        guard let cookie = credentials.sessionCookie, !cookie.isEmpty else { return nil }
        return Authentication(principal: .user(try await user(byToken: cookie)), credential: .sessionCookie)
    }

    private func authenticate(bearer text: String) async throws(AuthenticationFailure) -> Authentication {
        if text.hasPrefix(SecretToken.Kind.deviceKey.prefix) {
            return Authentication(principal: .device(try await device(byKey: text)), credential: .deviceKey)
        }
        if text.hasPrefix(SecretToken.Kind.personalAccess.prefix) {
            return Authentication(
                principal: .user(try await user(byAccessToken: text)), credential: .personalAccessToken)
        }
        if let header = try? TokenHeader(of: text), header.alg == "HS256" {
            return Authentication(
                principal: .service(name: try await service(byToken: text)), credential: .internalToken)
        }
        return Authentication(principal: .user(try await user(byToken: text)), credential: .bearerToken)
    }

    private func user(byToken token: String) async throws(AuthenticationFailure) -> UserPrincipal {
        do {
            return try await tokens.verify(token)
        } catch {
            throw AuthenticationFailure(error)
        }
    }

    private func service(byToken token: String) async throws(AuthenticationFailure) -> String {
        do {
            return try await internalTokens.verify(token)
        } catch {
            throw AuthenticationFailure(error)
        }
    }

    private func device(byKey text: String) async throws(AuthenticationFailure) -> DevicePrincipal {
        guard let key = SecretToken(text, kind: .deviceKey) else { throw .malformed }
        guard let device = try await holder(of: key.hash, in: deviceKeys) else { throw .invalid }
        if let end = device.expiresAt, end <= now() { throw .expired }
        guard !revocations.isRevoked(device) else { throw .revoked }
        return device
    }

    /// The device that presents its key.
    ///
    /// - Throws: `malformed` for other credentials, and whatever refuses the key.
    public func device(_ credentials: Credentials) async throws(AuthenticationFailure) -> DevicePrincipal {
        guard let key = try credentials.bearer else { throw .malformed }
        return try await device(byKey: key)
    }

    /// The device that presents this key, where that can be told from memory; nil leaves it open who makes the request.
    public func knownDevice(byKey key: Span<UInt8>) -> DevicePrincipal? {
        guard SecretToken.isWritten(key, as: .deviceKey),
            let device = deviceKeys.freshValue(for: SecretHash(of: key)), device.expiresAt.map({ $0 > now() }) ?? true,
            !revocations.isRevoked(device)
        else { return nil }
        return device
    }

    private func user(byAccessToken text: String) async throws(AuthenticationFailure) -> UserPrincipal {
        guard let token = SecretToken(text, kind: .personalAccess) else { throw .malformed }
        let hash = token.hash
        guard var user = try await holder(of: hash, in: accessTokens) else { throw .invalid }
        if revocations.isRevoked(user) {
            // The role it was looked up with may have changed since: what counts is what its issuer says now.
            accessTokens.forget(hash)
            guard let current = try await holder(of: hash, in: accessTokens) else { throw .invalid }
            guard !revocations.isRevoked(current) else { throw .revoked }
            user = current
        }
        if let end = user.expiresAt, end <= now() { throw .expired }
        return user
    }

    private func holder<Value>(
        of hash: SecretHash, in cache: CredentialCache<Value>
    ) async throws(AuthenticationFailure) -> Value? {
        do {
            return try await cache.value(for: hash)
        } catch {
            throw .unavailable
        }
    }
}
