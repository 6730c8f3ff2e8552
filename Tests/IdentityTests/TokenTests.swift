import Crypto
import Foundation
import JWTKit
import Testing

@testable import Identity

@Suite struct TokenTests {
    let clock = StoppedClock()
    let revocations = Revocations()
    let key = SigningKey()

    private func verifier() async throws -> TokenVerifier {
        let keys = LocalKeys()
        try await keys.replace(with: [key.publicKey])
        return TokenVerifier(keys: keys, revocations: revocations, now: clock.now)
    }

    @Test func aTokenWaitsForTheKeysOfAProcessThatHasJustStarted() async throws {
        let keys = LocalKeys(patience: .seconds(60))
        let verifier = TokenVerifier(keys: keys, revocations: revocations, now: clock.now)
        let token = try await TokenSigner(key: key).sign(.sample())
        async let user = verifier.verify(token)
        try await keys.replace(with: [key.publicKey])
        _ = try await user
        // It is no word on the token where there are none in time.
        let impatient = TokenVerifier(
            keys: LocalKeys(patience: .milliseconds(1)), revocations: revocations, now: clock.now)
        await #expect(throws: TokenError.keysUnavailable) { try await impatient.verify(token) }
    }

    @Test func aSignedTokenNamesItsUser() async throws {
        let user = UserPrincipal.sample(
            role: .admin, grants: [ResourceGrant(resource: .device(UUID()), role: .owner)], isSuperuser: true)
        let token = try await TokenSigner(key: key).sign(.sample(user: user))
        var expected = user
        expected.expiresAt = Date(timeIntervalSince1970: 1_764_000_900)
        let verifier = try await verifier()
        #expect(try await verifier.verify(token) == expected)
        #expect(try await verifier.verify(token) == expected)
    }

    @Test func aSessionTokenIsAUsersToo() async throws {
        let token = try await TokenSigner(key: key).sign(.sample(.session))
        _ = try await verifier().verify(token)
    }

    @Test(arguments: ["none", "None", "HS256", "ES384", "RS256"])
    func anotherAlgorithmIsRefused(algorithm: String) async throws {
        let token = try await TokenSigner(key: key).sign(.sample())
        let forged = token.replacingHeader(#"{"alg":"\#(algorithm)","kid":"\#(key.kid)"}"#)
        let verifier = try await verifier()
        await #expect(throws: TokenError.wrongAlgorithm) { try await verifier.verify(forged) }
    }

    @Test func noSignatureIsRefused() async throws {
        let token = try await TokenSigner(key: key).sign(.sample())
        let unsigned = token.split(separator: ".").prefix(2).joined(separator: ".") + "."
        let verifier = try await verifier()
        await #expect(throws: TokenError.self) { try await verifier.verify(unsigned) }
    }

    @Test func anHMACMadeWithThePublicKeyIsRefused() async throws {
        let token = try await TokenSigner(key: key).sign(.sample())
        let payload = token.split(separator: ".")[1]
        for header in ["HS256", "ES256"].map({ #"{"alg":"\#($0)","kid":"\#(key.kid)"}"# }) {
            let signed = Base64URL.encode(header.utf8) + "." + payload
            let publicKey = SymmetricKey(data: Data(key.privateKey.publicKey.pemRepresentation.utf8))
            let code = Crypto.HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: publicKey)
            let forged = signed + "." + Base64URL.encode(code)
            let verifier = try await verifier()
            await #expect(throws: TokenError.self) { try await verifier.verify(forged) }
        }
    }

    @Test func anotherKeyIsRefusedWhateverIdItNames() async throws {
        let other = SigningKey()
        let token = try await TokenSigner(key: other).sign(.sample())
        let verifier = try await verifier()
        await #expect(throws: TokenError.unknownKey) { try await verifier.verify(token) }

        let forgery = JWTKeyCollection()
        let privateKey = try ES256PrivateKey(backing: other.privateKey)
        await forgery.add(ecdsa: privateKey, kid: JWKIdentifier(string: key.kid))
        let forged = try await forgery.sign(TokenClaims.sample(), kid: JWKIdentifier(string: key.kid))
        await #expect(throws: TokenError.badSignature) { try await verifier.verify(forged) }
    }

    @Test func editedClaimsAreRefused() async throws {
        let token = try await TokenSigner(key: key).sign(.sample(user: .sample(role: .viewer)))
        let parts = token.split(separator: ".").map(String.init)
        let claims = String(decoding: try #require(Base64URL.decode(parts[1])), as: UTF8.self)
        let edited = claims.replacingOccurrences(of: "viewer", with: "owner")
        #expect(edited != claims)
        let forged = [parts[0], Base64URL.encode(edited.utf8), parts[2]].joined(separator: ".")
        let verifier = try await verifier()
        await #expect(throws: TokenError.badSignature) { try await verifier.verify(forged) }
    }

    @Test func anotherIssuerAudienceOrTypeIsRefused() async throws {
        let signer = try await TokenSigner(key: key)
        let verifier = try await verifier()
        for change: (inout TokenClaims) -> Void in [
            { $0.iss = "someone" }, { $0.aud = "internal" }, { $0.typ = .internal },
        ] {
            var claims = TokenClaims.sample()
            change(&claims)
            let token = try await signer.sign(claims)
            await #expect(throws: TokenError.wrongUse) { try await verifier.verify(token) }
        }
    }

    @Test func aTokenExpiresThoughItIsRemembered() async throws {
        let token = try await TokenSigner(key: key).sign(.sample(lifetime: 60))
        let verifier = try await verifier()
        _ = try await verifier.verify(token)
        clock.advance(by: 60)
        await #expect(throws: TokenError.expired) { try await verifier.verify(token) }
    }

    @Test func aTokenFromTheFutureIsRefused() async throws {
        let user = UserPrincipal.sample(issuedAt: clock.now().addingTimeInterval(31))
        let token = try await TokenSigner(key: key).sign(.sample(user: user))
        let verifier = try await verifier()
        await #expect(throws: TokenError.malformed) { try await verifier.verify(token) }
    }

    @Test func aRevokedTokenIsRefusedThoughItIsRemembered() async throws {
        let user = UserPrincipal.sample()
        let token = try await TokenSigner(key: key).sign(.sample(user: user))
        let verifier = try await verifier()
        _ = try await verifier.verify(token)
        revocations.insert(Revocation(.session(try #require(user.sessionID)), at: Date(), lifetime: 60))
        await #expect(throws: TokenError.revoked) { try await verifier.verify(token) }
    }

    @Test(arguments: [
        "", ".", "..", "a.b", "a.b.c", "a.b.c.d", "eyJhbGciOiJFUzI1NiJ9.e30.", "é.é.é",
        String(repeating: "a", count: 9000),
        "eyJhbGciOiJFUzI1NiIsImtpZCI6MX0.e30.AAAA", "W10.W10.W10",
    ])
    func whatIsNoTokenIsMalformed(text: String) async throws {
        let verifier = try await verifier()
        await #expect(throws: TokenError.malformed) { try await verifier.verify(text) }
    }

    @Test func hugeNumbersInATokenAreSurvived() async throws {
        let header = #"{"alg":"ES256","kid":"\#(key.kid)","n":1e308}"#
        let forged = Base64URL.encode(header.utf8) + "." + Base64URL.encode(#"{"exp":1e308}"#.utf8) + ".AAAA"
        let verifier = try await verifier()
        await #expect(throws: TokenError.self) { try await verifier.verify(forged) }

        var claims = TokenClaims.sample()
        claims.exp = 1e300
        let token = try await TokenSigner(key: key).sign(claims)
        _ = try await verifier.verify(token)
    }
}

extension String {
    func replacingHeader(_ json: String) -> String {
        ([Base64URL.encode(json.utf8)] + split(separator: ".").dropFirst().map(String.init)).joined(separator: ".")
    }
}
