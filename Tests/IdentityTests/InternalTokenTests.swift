import Foundation
import Testing

@testable import Identity

@Suite struct InternalTokenTests {
    private let clock = StoppedClock()

    @Test func aTokenHoldsForAMinute() async throws {
        let tokens = await InternalTokens(service: "devices", keys: try .sample(), now: clock.now)
        let token = try await tokens.token()
        #expect(try await tokens.verify(token) == "devices")
        #expect(try await tokens.token() == token)
        clock.advance(by: 30)
        #expect(try await tokens.token() != token)
        #expect(try await tokens.verify(token) == "devices")
        clock.advance(by: 30)
        await #expect(throws: TokenError.expired) { try await tokens.verify(token) }
    }

    @Test func anotherInstallationsTokenIsRefused() async throws {
        let ours = await InternalTokens(service: "devices", keys: try .sample(KeyRing.first), now: clock.now)
        let theirs = await InternalTokens(service: "devices", keys: try .sample(KeyRing.second), now: clock.now)
        let token = try await theirs.token()
        await #expect(throws: TokenError.unknownKey) { try await ours.verify(token) }
        let rotated = await InternalTokens(
            service: "devices", keys: try .sample(KeyRing.first + "," + KeyRing.second), now: clock.now)
        #expect(try await rotated.verify(token) == "devices")
    }

    @Test func neitherKindPassesForTheOther() async throws {
        let tokens = await InternalTokens(service: "devices", keys: try .sample(), now: clock.now)
        let key = SigningKey()
        let keys = LocalKeys()
        try await keys.replace(with: [key.publicKey])
        let verifier = TokenVerifier(keys: keys, revocations: Revocations(), now: clock.now)
        let userToken = try await TokenSigner(key: key).sign(.sample())
        let internalToken = try await tokens.token()
        await #expect(throws: TokenError.wrongAlgorithm) { try await tokens.verify(userToken) }
        await #expect(throws: TokenError.wrongAlgorithm) { try await verifier.verify(internalToken) }
    }

    @Test func anEditedTokenIsRefused() async throws {
        let tokens = await InternalTokens(service: "devices", keys: try .sample(), now: clock.now)
        let parts = try await tokens.token().split(separator: ".").map(String.init)
        let claims = String(decoding: try #require(Base64URL.decode(parts[1])), as: UTF8.self)
        let edited = claims.replacingOccurrences(of: "devices", with: "billing")
        let forged = [parts[0], Base64URL.encode(edited.utf8), parts[2]].joined(separator: ".")
        await #expect(throws: TokenError.badSignature) { try await tokens.verify(forged) }
    }
}
