import Foundation
import Synchronization
import Testing

@testable import Identity

@Suite struct AuthenticatorTests {
    private let clock = StoppedClock()
    private let revocations = Revocations()
    private let signingKey = SigningKey()
    private let deviceKey = SecretToken(.deviceKey)
    private let accessToken = SecretToken(.personalAccess)

    private func authenticator(
        accessTokens: @escaping CredentialCache<UserPrincipal>.Lookup = { _ in nil },
        deviceKeys: @escaping CredentialCache<DevicePrincipal>.Lookup = { _ in nil }
    ) async throws -> Authenticator {
        let keys = LocalKeys()
        try await keys.replace(with: [signingKey.publicKey])
        return Authenticator(
            tokens: TokenVerifier(keys: keys, revocations: revocations, now: clock.now),
            internalTokens: await InternalTokens(service: "readings", keys: try .sample(), now: clock.now),
            accessTokens: CredentialCache(now: clock.now, lookup: accessTokens),
            deviceKeys: CredentialCache(now: clock.now, lookup: deviceKeys), revocations: revocations, now: clock.now)
    }

    private func token() async throws -> String { try await TokenSigner(key: signingKey).sign(.sample()) }

    @Test func noCredentialsAreNobody() async throws {
        let authenticator = try await authenticator()
        #expect(try await authenticator.authenticate(Credentials()) == nil)
        #expect(try await authenticator.authenticate(Credentials(sessionCookie: "")) == nil)
    }

    @Test func bearerWinsOverCookie() async throws {
        let authenticator = try await authenticator()
        let token = try await token()
        let cookie = try await authenticator.authenticate(Credentials(sessionCookie: token))
        #expect(cookie?.credential == .sessionCookie)
        let both = try await authenticator.authenticate(
            Credentials(authorization: "bearer \(token)", sessionCookie: "broken"))
        #expect(both?.credential == .bearerToken)
        await #expect(throws: AuthenticationFailure.malformed) {
            try await authenticator.authenticate(Credentials(authorization: "Bearer broken", sessionCookie: token))
        }
    }

    @Test(arguments: ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer lms_dev_short", "Bearer lms_pat_"])
    func otherHeadersAreMalformed(header: String) async throws {
        let authenticator = try await authenticator()
        await #expect(throws: AuthenticationFailure.malformed) {
            try await authenticator.authenticate(Credentials(authorization: header))
        }
    }

    @Test func aDeviceIsKnownByItsKeyInEitherHeader() async throws {
        let device = DevicePrincipal(id: UUID(), organizationID: UUID(), keyHash: deviceKey.hash)
        let authenticator = try await authenticator(deviceKeys: { $0 == device.keyHash ? device : nil })
        let expected = Authentication(principal: .device(device), credential: .deviceKey)
        let bearer = Credentials(authorization: "Bearer \(deviceKey.secret)")
        #expect(try await authenticator.authenticate(bearer) == expected)
        #expect(try await authenticator.authenticate(Credentials(apiKey: deviceKey.secret)) == expected)
        await #expect(throws: AuthenticationFailure.invalid) {
            try await authenticator.authenticate(Credentials(apiKey: SecretToken(.deviceKey).secret))
        }
        revocations.insert(Revocation(.deviceKey(deviceKey.hash), at: Date(), lifetime: 60))
        await #expect(throws: AuthenticationFailure.revoked) { try await authenticator.authenticate(bearer) }
    }

    @Test func `a device is told from memory only while its key is known, fresh, in time and not revoked`() async throws
    {
        let device = DevicePrincipal(
            id: UUID(), organizationID: UUID(), keyHash: deviceKey.hash,
            expiresAt: clock.now().addingTimeInterval(100))
        let authenticator = try await authenticator(deviceKeys: { $0 == device.keyHash ? device : nil })
        let header = "Bearer \(deviceKey.secret)"
        let key = deviceKey.secret
        let known = { (key: String) in authenticator.knownDevice(byKey: key.utf8.span) }
        #expect(known(key) == nil)
        let ask = { _ = try await authenticator.authenticate(Credentials(authorization: header)) }
        try await ask()
        #expect(known(key) == device)
        for other in ["", header, SecretToken(.deviceKey).secret, try await token(), key + "A", String(key.dropLast())]
        {
            #expect(known(other) == nil)
        }
        clock.advance(by: 61)
        #expect(known(key) == nil)
        try await ask()
        #expect(known(key) == device)
        clock.advance(by: 39)
        #expect(known(key) == nil)
    }

    @Test(arguments: [
        ("Bearer abc", "abc"), ("bEARER   a b", "a b"), ("Bearer", nil), ("Bearer  ", nil), ("Basic abc", nil),
        ("Bearerabc", nil), ("", nil),
    ])
    func `a bearer token stands behind its scheme, in whatever case`(header: String, token: String?) throws {
        let bytes = Array(header.utf8)
        let range = Credentials.bearer(in: bytes.span)
        #expect(range.map { String(decoding: bytes[$0], as: UTF8.self) } == token)
    }

    @Test(arguments: [true, false])
    func `a revoked device is not told from memory`(byKey: Bool) async throws {
        let device = DevicePrincipal(id: UUID(), organizationID: UUID(), keyHash: deviceKey.hash)
        let authenticator = try await authenticator(deviceKeys: { _ in device })
        let header = "Bearer \(deviceKey.secret)"
        _ = try await authenticator.authenticate(Credentials(authorization: header))
        #expect(authenticator.knownDevice(byKey: deviceKey.secret.utf8.span) == device)
        let subject: Revocation.Subject = byKey ? .deviceKey(deviceKey.hash) : .organization(device.organizationID)
        revocations.insert(Revocation(subject, at: Date(), lifetime: 60))
        #expect(authenticator.knownDevice(byKey: deviceKey.secret.utf8.span) == nil)
    }

    @Test func anOldKeyEndsWithItsOverlap() async throws {
        let device = DevicePrincipal(
            id: UUID(), organizationID: UUID(), keyHash: deviceKey.hash, expiresAt: clock.now().addingTimeInterval(5))
        let authenticator = try await authenticator(deviceKeys: { _ in device })
        let credentials = Credentials(apiKey: deviceKey.secret)
        _ = try await authenticator.authenticate(credentials)
        clock.advance(by: 5)
        await #expect(throws: AuthenticationFailure.expired) { try await authenticator.authenticate(credentials) }
    }

    @Test func aChangedRoleReachesAnAccessTokenAtOnce() async throws {
        let (user, organization) = (UUID(), UUID())
        let role = Mutex(Role.admin)
        let now = clock.now
        let authenticator = try await authenticator(accessTokens: { _ in
            UserPrincipal(
                id: user, organizationID: organization, role: role.withLock(\.self), sessionID: nil, tokenID: UUID(),
                issuedAt: now(), expiresAt: nil)
        })
        let credentials = Credentials(authorization: "Bearer \(accessToken.secret)")
        let before = try await authenticator.authenticate(credentials)
        #expect(before?.credential == .personalAccessToken)
        #expect(before?.principal.user?.role == .admin)
        role.withLock { $0 = .viewer }
        clock.advance(by: 1)
        revocations.insert(
            Revocation(.membership(user: user, organization: organization), at: now().microseconds, until: .max))
        #expect(try await authenticator.authenticate(credentials)?.principal.user?.role == .viewer)
    }

    @Test func aKnownDeviceStaysKnownWhileNobodyAnswers() async throws {
        let device = DevicePrincipal(id: UUID(), organizationID: UUID(), keyHash: deviceKey.hash)
        let isAway = Mutex(false)
        let authenticator = try await authenticator(deviceKeys: { _ in
            if isAway.withLock(\.self) { throw CancellationError() }
            return device
        })
        let credentials = Credentials(apiKey: deviceKey.secret)
        _ = try await authenticator.authenticate(credentials)
        isAway.withLock { $0 = true }
        clock.advance(by: 3600)
        _ = try await authenticator.authenticate(credentials)
        await #expect(throws: AuthenticationFailure.unavailable) {
            try await authenticator.authenticate(Credentials(apiKey: SecretToken(.deviceKey).secret))
        }
    }

    @Test func aWrongKeyIsAskedForOnceInAWhile() async throws {
        let lookups = Counter()
        let authenticator = try await authenticator(deviceKeys: { _ in
            lookups.increment()
            return nil
        })
        for _ in 0..<3 {
            await #expect(throws: AuthenticationFailure.invalid) {
                try await authenticator.authenticate(Credentials(apiKey: deviceKey.secret))
            }
        }
        #expect(lookups.value == 1)
        clock.advance(by: 5)
        _ = try? await authenticator.authenticate(Credentials(apiKey: deviceKey.secret))
        #expect(lookups.value == 2)
    }

    @Test func aServiceIsKnownByItsToken() async throws {
        let authenticator = try await authenticator()
        let billing = await InternalTokens(service: "billing", keys: try .sample(), now: clock.now)
        let authentication = try await authenticator.authenticate(
            Credentials(authorization: "Bearer \(try await billing.token())"))
        #expect(authentication == Authentication(principal: .service(name: "billing"), credential: .internalToken))
    }
}
