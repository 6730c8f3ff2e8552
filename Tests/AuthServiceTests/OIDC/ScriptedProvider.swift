import Foundation
import JWTKit
import Synchronization
import TestKit

@testable import AuthService

/// A provider that says what the test wants it to, wrong things too.
final class ScriptedProvider: Sendable {
    /// What it says to who exchanges a code.
    struct Word: Sendable {
        var claims: IDTokenClaims
        var userInfo: PersonClaims?
        /// That of the token endpoint.
        var status = 200
    }

    private struct State {
        var issuer = ""
        var words: [String: Word] = [:]
        var exchanges: [String: TestHTTPRequest] = [:]
    }

    static let clientID = "lms"
    static let clientSecret = "s3cret/%"

    private let state = Mutex(State())
    private let key = SigningPair(kid: "k1")

    var issuer: String { state.withLock(\.issuer) }

    static func start() async throws -> ScriptedProvider {
        let provider = ScriptedProvider()
        let server = try await TestHTTPServer.start { await provider.answer($0) }
        provider.state.withLock { $0.issuer = server.url }
        return provider
    }

    /// Makes a code; what is said for it is about a new person whose address is verified, unless changed.
    func code(nonce: String, _ change: (inout Word) -> Void = { _ in }) -> String {
        let code = UUID().uuidString
        var word = Word(claims: .example(issuer: issuer, clientID: Self.clientID, nonce: nonce))
        change(&word)
        state.withLock { [word] in $0.words[code] = word }
        return code
    }

    /// The request by which a code was exchanged.
    func exchange(of code: String) -> TestHTTPRequest? { state.withLock { $0.exchanges[code] } }

    private func answer(_ request: TestHTTPRequest) async -> TestHTTPServer.Answer {
        do {
            switch request.path {
            case "/.well-known/openid-configuration": return (200, metadata)
            case "/keys": return (200, try Self.json(["keys": [key.published]]))
            case "/token": return try await tokens(request)
            case "/userinfo":
                let code = request.header("authorization").map { String($0.dropFirst("Bearer ".count)) } ?? ""
                let person = state.withLock { $0.words[code]?.userInfo }
                return person == nil ? (401, "{}") : (200, try Self.json(person))
            default: return (404, "{}")
            }
        } catch {
            return (500, "{}")
        }
    }

    private func tokens(_ request: TestHTTPRequest) async throws -> TestHTTPServer.Answer {
        let code = URLComponents(string: "?" + request.text)?.queryItems?.first { $0.name == "code" }?.value ?? ""
        let word = state.withLock { state in
            state.exchanges[code] = request
            return state.words[code]
        }
        guard let word else { return (400, #"{"error": "invalid_grant"}"#) }
        let token = try await key.sign(word.claims)
        return (word.status, try Self.json(["id_token": token, "access_token": code, "token_type": "Bearer"]))
    }

    private var metadata: String {
        """
        {"issuer": "\(issuer)", "authorization_endpoint": "\(issuer)/authorize?tenant=1",
        "token_endpoint": "\(issuer)/token", "jwks_uri": "\(issuer)/keys", "userinfo_endpoint": "\(issuer)/userinfo"}
        """
    }

    private static func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
}

/// A key pair of a provider (ES256).
struct SigningPair: Sendable {
    let kid: String
    private let key = ES256PrivateKey()

    init(kid: String) {
        self.kid = kid
    }

    /// The public half, as a member of a key set.
    var published: [String: String] {
        let (x, y) = key.parameters ?? ("", "")
        func url(_ text: String) -> String {
            text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }
        return ["kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": url(x), "y": url(y)]
    }

    func sign(_ claims: IDTokenClaims, namingKey: Bool = true) async throws -> String {
        let collection = JWTKeyCollection()
        await collection.add(ecdsa: key)
        return try await collection.sign(claims, header: namingKey ? ["kid": .string(kid)] : [:])
    }
}

extension IDTokenClaims {
    /// As a provider signs them just now, about somebody new.
    static func example(issuer: String, clientID: String, nonce: String) -> IDTokenClaims {
        let now = Date().timeIntervalSince1970.rounded()
        return IDTokenClaims(
            issuer: issuer, audience: [clientID], authorizedParty: nil, expiresAt: now + 300, issuedAt: now,
            nonce: nonce,
            person: PersonClaims(
                subject: UUID().uuidString, email: AuthServer.newAddress(), isEmailVerified: true, name: "Ada"))
    }
}
