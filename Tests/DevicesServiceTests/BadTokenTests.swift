import Crypto
import Foundation
import Identity
import Kernel
import NIOHTTP1
import TestKit
import Testing

@testable import DevicesService

/// Tokens that look right and are not, at a route of a running service: each is 401.
@Suite struct BadTokenTests {
    private static let route = "/api/v1/devices"
    private let organization = UUID.v7()

    private func status(_ token: String) async throws -> Int {
        try await DevicesServer.shared().service.client.authorized(token).get(Self.route).status
    }

    /// Those of a token that was issued a moment ago and holds for so many seconds more.
    private func claims(_ role: Role = .owner, for seconds: TimeInterval = 900) -> TokenClaims {
        let user = UserPrincipal(
            id: .v7(), organizationID: organization, role: role, sessionID: .v7(), tokenID: .v7(),
            issuedAt: Date(timeIntervalSinceNow: -10), expiresAt: nil)
        return TokenClaims(.access, user: user, sessionID: .v7(), lifetime: 10 + seconds)
    }

    private func genuine() async throws -> String { try await TestIssuer.shared().sign(claims()) }

    /// The parts of a token: header, claims and signature.
    private func parts(_ token: String) -> [String] {
        token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }

    private func header(_ algorithm: String, kid: String) -> String {
        Base64URL.encode(#"{"alg":"\#(algorithm)","typ":"JWT","kid":"\#(kid)"}"#.utf8)
    }

    @Test func `a genuine token is accepted`() async throws {
        #expect(try await status(genuine()) == 200)
    }

    @Test(arguments: ["none", "None", "NONE"])
    func `the algorithm none is refused, with the signature and without`(algorithm: String) async throws {
        let parts = parts(try await genuine())
        let header = header(algorithm, kid: try await TestIssuer.shared().publicKey.kid)
        #expect(try await status("\(header).\(parts[1]).") == 401)
        #expect(try await status("\(header).\(parts[1]).\(parts[2])") == 401)
    }

    @Test(arguments: ["HS256", "ES256"])
    func `an HMAC made with the public key is refused`(algorithm: String) async throws {
        let key = try await TestIssuer.shared().publicKey
        let point = try #require(Base64URL.decode(key.x)) + #require(Base64URL.decode(key.y))
        let pem = try P256.Signing.PublicKey(rawRepresentation: point).pemRepresentation
        let signed = header(algorithm, kid: key.kid) + "." + parts(try await genuine())[1]
        for secret in [Data(pem.utf8), Data((pem + "\n").utf8), Data(point), try JSONEncoder().encode(key)] {
            let code = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: SymmetricKey(data: secret))
            #expect(try await status("\(signed).\(Base64URL.encode(code))") == 401)
        }
    }

    @Test func `a key that is not published is refused`() async throws {
        #expect(try await status(TokenSigner(key: SigningKey()).sign(claims())) == 401)
    }

    @Test func `another key under the name of a published one is refused`() async throws {
        let parts = parts(try await TokenSigner(key: SigningKey()).sign(claims()))
        let header = header("ES256", kid: try await TestIssuer.shared().publicKey.kid)
        #expect(try await status("\(header).\(parts[1]).\(parts[2])") == 401)
        // Nor does it help to sign what is sent.
        let key = P256.Signing.PrivateKey()
        let signature = try key.signature(for: Data("\(header).\(parts[1])".utf8)).rawRepresentation
        #expect(try await status("\(header).\(parts[1]).\(Base64URL.encode(signature))") == 401)
    }

    @Test func `a key that the token brings along is not used`() async throws {
        let key = P256.Signing.PrivateKey()
        let point = key.publicKey.rawRepresentation
        let (x, y) = (Base64URL.encode(point.prefix(32)), Base64URL.encode(point.suffix(32)))
        let kid = try await TestIssuer.shared().publicKey.kid
        let header = Base64URL.encode(
            #"{"alg":"ES256","kid":"\#(kid)","jwk":{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)"}}"#.utf8)
        let signed = "\(header).\(parts(try await genuine())[1])"
        let signature = try key.signature(for: Data(signed.utf8)).rawRepresentation
        #expect(try await status("\(signed).\(Base64URL.encode(signature))") == 401)
    }

    @Test(arguments: [("viewer", "owner"), ("\"org\":\"", "\"org\":\"0")])
    func `edited claims are refused`(old: String, new: String) async throws {
        let parts = parts(try await TestIssuer.shared().sign(claims(.viewer)))
        let claims = String(decoding: try #require(Base64URL.decode(parts[1])), as: UTF8.self)
        let edited = claims.replacingOccurrences(of: old, with: new)
        #expect(edited != claims)
        #expect(try await status("\(parts[0]).\(Base64URL.encode(edited.utf8)).\(parts[2])") == 401)
    }

    @Test func `an expired token is refused`() async throws {
        #expect(try await status(TestIssuer.shared().sign(claims(for: 30))) == 200)
        #expect(try await status(TestIssuer.shared().sign(claims(for: -1))) == 401)
    }

    @Test func `a token for another audience is refused`() async throws {
        for audience in ["internal", "lms-other", ""] {
            var claims = claims()
            claims.aud = audience
            #expect(try await status(TestIssuer.shared().sign(claims)) == 401)
        }
    }

    @Test func `a token of another issuer or for another use is refused`() async throws {
        var (foreign, internalUse) = (claims(), claims())
        foreign.iss = "lms-elsewhere"
        internalUse.typ = .internal
        #expect(try await status(TestIssuer.shared().sign(foreign)) == 401)
        #expect(try await status(TestIssuer.shared().sign(internalUse)) == 401)
    }

    @Test(arguments: [
        ("origin", "http://evil.example", 403), ("origin", "null", 403), ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403), ("x-nothing", "", 403), ("origin", "http://lms.example", 201),
        ("sec-fetch-site", "same-origin", 201),
    ])
    func `a cookie that another site's page sends changes nothing`(
        header: String, value: String, expected: Int
    ) async throws {
        let client = try await DevicesServer.shared().service.client
        let cookie = "session_token=\(try await genuine())"
        let response = try await client.post(
            Self.route, ["name": "Incubator", "device_type": "esp32"],
            headers: ["cookie": cookie, "host": "lms.example", header: value])
        #expect(response.status == expected)
        let listed = try await client.get(Self.route, headers: ["cookie": cookie])
        #expect(listed.json["items"].array?.count == (expected == 201 ? 1 : 0))
    }
}
