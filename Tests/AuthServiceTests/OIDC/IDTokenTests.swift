import Crypto
import Foundation
import Identity
import JWTKit
import TestKit
import Testing

@testable import AuthService

@Suite struct IDTokenTests {
    private static let issuer = "https://id.example"

    // MARK: Claims

    private static func claims(_ change: (inout IDTokenClaims) -> Void = { _ in }) -> IDTokenClaims {
        var claims = IDTokenClaims.example(issuer: issuer, clientID: "lms", nonce: "n")
        change(&claims)
        return claims
    }

    private static let cases: [(name: String, change: @Sendable (inout IDTokenClaims) -> Void, error: IDTokenError?)] =
        [
            ("as it should be", { _ in }, nil),
            ("for several, and for us", { ($0.audience, $0.authorizedParty) = (["a", "lms"], "lms") }, nil),
            ("half a minute late", { $0.expiresAt = $0.issuedAt - 30 }, nil),
            ("another issuer", { $0.issuer += "/" }, .wrongIssuer),
            ("another audience", { $0.audience = ["another"] }, .wrongAudience),
            ("nobody's", { $0.audience = [] }, .wrongAudience),
            ("for several, of whom nobody asked", { $0.audience = ["a", "lms"] }, .wrongAudience),
            ("for us, asked by another", { $0.authorizedParty = "a" }, .wrongAudience),
            ("expired", { $0.expiresAt = $0.issuedAt - 61 }, .expired),
            ("of tomorrow", { $0.issuedAt += 86_400 }, .wrongTime),
            ("of yesterday", { $0.issuedAt -= 86_400 }, .wrongTime),
            ("another nonce", { $0.nonce = "m" }, .wrongNonce),
            ("no nonce", { $0.nonce = nil }, .wrongNonce),
            ("nobody", { $0.person.subject = "" }, .invalidSubject),
            ("too long", { $0.person.subject = String(repeating: "x", count: 256) }, .invalidSubject),
        ]

    @Test func `claims must be those of this sign-in`() {
        for (name, change, expected) in Self.cases {
            let claims = Self.claims(change)
            let now = Date(timeIntervalSince1970: Self.claims().issuedAt)
            do throws(IDTokenError) {
                try claims.validate(issuer: Self.issuer, clientID: "lms", nonce: "n", at: now)
                #expect(expected == nil, "\(name)")
            } catch {
                #expect(error == expected, "\(name)")
            }
        }
    }

    @Test(arguments: [
        (#"{"sub": "a", "email_verified": true}"#, true),
        (#"{"sub": "a", "email_verified": "true"}"#, true),
        (#"{"sub": "a", "email_verified": "false"}"#, false),
        (#"{"sub": "a", "email_verified": 1}"#, false),
        (#"{"sub": "a", "email_verified": null}"#, false),
        (#"{"sub": "a"}"#, false),
    ])
    func `an address is verified where the provider says so`(json: String, expected: Bool) throws {
        #expect(try JSONDecoder().decode(PersonClaims.self, from: Data(json.utf8)).isEmailVerified == expected)
    }

    @Test func `one audience may stand without an array`() throws {
        let json = #"{"iss": "i", "aud": "lms", "exp": 2, "iat": 1.5, "sub": "a"}"#
        #expect(try JSONDecoder().decode(IDTokenClaims.self, from: Data(json.utf8)).audience == ["lms"])
    }

    @Test func `somebody without a name is called by the address`() throws {
        let address = try #require(EmailAddress("ada.l@example.org"))
        #expect(PersonClaims(subject: "a", name: "  Ada ").displayName(at: address)?.text == "Ada")
        #expect(PersonClaims(subject: "a", name: "\u{0}").displayName(at: address)?.text == "ada.l")
        #expect(PersonClaims(subject: "a").displayName(at: address)?.text == "ada.l")
    }

    // MARK: Signatures

    private static func keySet(_ keys: [[String: String]]) throws -> ProviderKeySet {
        try JSONDecoder().decode(ProviderKeySet.self, from: JSONEncoder().encode(["keys": keys]))
    }

    /// A token whose signature is made by hand.
    private static func token(_ header: String, _ sign: (Data) -> [UInt8]) throws -> String {
        let parts = [Array(header.utf8), Array(try JSONEncoder().encode(claims()))].map { Base64URL.encode($0) }
        let signed = parts.joined(separator: ".")
        return signed + "." + Base64URL.encode(sign(Data(signed.utf8)))
    }

    @Test func `a token is signed by a key that the provider publishes`() async throws {
        let (first, second, other) = (SigningPair(kid: "1"), SigningPair(kid: "2"), SigningPair(kid: "1"))
        let keys = try Self.keySet([first.published, second.published])
        let claims = Self.claims()
        #expect(try await keys.claims(of: first.sign(claims)) == claims)
        #expect(try await keys.claims(of: second.sign(claims)) == claims)
        await #expect(throws: IDTokenError.badSignature) { try await keys.claims(of: other.sign(claims)) }
        await #expect(throws: IDTokenError.unknownKey) {
            try await keys.claims(of: SigningPair(kid: "3").sign(claims))
        }
        // Without a name it is the only one, or none.
        await #expect(throws: IDTokenError.unknownKey) {
            try await keys.claims(of: first.sign(claims, namingKey: false))
        }
        let only = try Self.keySet([first.published])
        #expect(try await only.claims(of: first.sign(claims, namingKey: false)) == claims)
    }

    @Test func `keys for encryption, of other types, and for other algorithms sign nothing`() async throws {
        let pair = SigningPair(kid: "1")
        let token = try await pair.sign(Self.claims())
        for change in [["use": "enc"], ["kty": "oct", "k": "AAAA"], ["alg": "ES384"]] {
            let keys = try Self.keySet([pair.published.merging(change) { $1 }])
            await #expect(throws: IDTokenError.unknownKey, "\(change)") { try await keys.claims(of: token) }
        }
    }

    @Test func `a token without a signature, or signed with what is public, is refused`() async throws {
        let pair = SigningPair(kid: "1")
        let keys = try Self.keySet([pair.published])
        let unsigned = try Self.token(#"{"alg": "none", "kid": "1"}"#) { _ in [] }
        await #expect(throws: IDTokenError.wrongAlgorithm) { try await keys.claims(of: unsigned) }
        let shared = try Self.token(#"{"alg": "HS256", "kid": "1"}"#) { signed in
            let key = SymmetricKey(data: Array((pair.published["x"] ?? "").utf8))
            return Array(HMAC<SHA256>.authenticationCode(for: signed, using: key))
        }
        await #expect(throws: IDTokenError.wrongAlgorithm) { try await keys.claims(of: shared) }
        let empty = try Self.token(#"{"alg": "ES256", "kid": "1"}"#) { _ in [] }
        await #expect(throws: IDTokenError.self) { try await keys.claims(of: empty) }
        let critical = try Self.token(#"{"alg": "ES256", "kid": "1", "crit": ["b64"], "b64": false}"#) { _ in [] }
        await #expect(throws: IDTokenError.malformed) { try await keys.claims(of: critical) }
        for text in ["", "a.b", "a.b.c", "a.b.c.d", String(repeating: "x", count: 20_000)] {
            await #expect(throws: IDTokenError.malformed) { try await keys.claims(of: text) }
        }
    }
}
