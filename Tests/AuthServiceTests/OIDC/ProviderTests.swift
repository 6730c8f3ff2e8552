import Foundation
import ServiceKit
import Synchronization
import TestKit
import Testing

@testable import AuthService

@Suite struct ProviderTests {
    // MARK: PKCE

    @Test func `the challenge is that of RFC 7636 appendix B`() {
        let key = ProofKey(verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        #expect(key.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        #expect((43...128).contains(ProofKey().verifier.count))
        #expect(ProofKey() != ProofKey())
    }

    // MARK: Metadata

    private static func provider(_ issuer: String, secret: Bool = true) throws -> IdentityProvider {
        let secret = secret ? #", "client_secret": "s""# : ""
        let json = #"{"name": "a", "title": "A", "issuer": "\#(issuer)", "client_id": "lms"\#(secret)}"#
        return try JSONDecoder().decode(IdentityProvider.self, from: Data(json.utf8))
    }

    private static func metadata(_ changes: [String: JSONValue] = [:]) throws -> ProviderMetadata {
        let document: [String: JSONValue] = [
            "issuer": "https://id.example", "authorization_endpoint": "https://id.example/a",
            "token_endpoint": "https://id.example/t", "jwks_uri": "https://keys.example/k",
        ]
        let json = try JSONEncoder().encode(JSONValue.object(document.merging(changes) { $1 }))
        return try JSONDecoder().decode(ProviderMetadata.self, from: json)
    }

    @Test func `a discovery document is the issuer's own`() throws {
        let provider = try Self.provider("https://id.example")
        try Self.metadata().check(against: provider)
        for changes: [String: JSONValue] in [
            ["issuer": "https://evil.example"], ["issuer": "https://id.example/"],
            ["token_endpoint": "http://id.example/t"], ["jwks_uri": "file:///etc/passwd"],
            ["authorization_endpoint": "javascript:alert(1)"], ["userinfo_endpoint": "/userinfo"],
            ["token_endpoint_auth_methods_supported": ["private_key_jwt"]],
        ] {
            #expect(throws: ProviderError.self, "\(changes)") {
                try Self.metadata(changes).check(against: provider)
            }
        }
    }

    @Test(
        arguments: [
            (nil, .basic), (["client_secret_basic", "client_secret_post"], .basic),
            (["client_secret_post"], .post), (["private_key_jwt", "client_secret_post"], .post),
        ] as [([JSONValue]?, ProviderMetadata.ClientAuthentication)])
    func `the client shows its secret as the provider wants it`(
        offered: [JSONValue]?, expected: ProviderMetadata.ClientAuthentication
    ) throws {
        let metadata = try Self.metadata(
            offered.map { ["token_endpoint_auth_methods_supported": .array($0)] } ?? [:])
        #expect(try metadata.clientAuthentication(hasSecret: true) == expected)
        #expect(try metadata.clientAuthentication(hasSecret: false) == .none)
    }

    // MARK: Documents

    @Test func `a document is fetched once by all who ask at once, and kept`() async throws {
        let fetches = Mutex(0)
        let document = FetchedDocument {
            // As long as a fetch takes, so that the others ask meanwhile; whoever asks later finds what is kept.
            try await Task.sleep(for: .milliseconds(20))
            return fetches.withLock { count in
                count += 1
                return count
            }
        }
        let values = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<10 { group.addTask { try await document.value() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(values == Array(repeating: 1, count: 10))
        // It has just been fetched.
        #expect(try await document.refreshed() == 1)
    }

    @Test func `a document is fetched anew when it is wanted, or old, or could not be`() async throws {
        struct Away: Error {}
        let fetches = Mutex(0)
        let document = FetchedDocument(minimumInterval: .zero) {
            let count = fetches.withLock { count in
                count += 1
                return count
            }
            if count == 1 { throw Away() }
            return count
        }
        await #expect(throws: Away.self) { try await document.value() }
        #expect(try await document.value() == 2)
        #expect(try await document.value() == 2)
        #expect(try await document.refreshed() == 3)
        let fleeting = FetchedDocument(lifetime: .zero) { fetches.withLock { $0 } }
        _ = try await fleeting.value()
        fetches.withLock { $0 = 7 }
        #expect(try await fleeting.value() == 7)
    }
}
