import Foundation
import Identity
import TestKit
import Testing

@testable import AuthService

@Suite struct KeyTests {
    @Test func `tokens are signed with a published key`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let response = try await server.client().get("/.well-known/jwks.json")
        #expect(response.status == 200)
        let key = response.json["keys"][0]
        #expect(key["kty"] == "EC")
        #expect(key["crv"] == "P-256")
        #expect(key["alg"] == "ES256")
        #expect(key["use"] == "sig")
        #expect(key["d"].isNull)
        let header = try segment(0, of: ada.accessToken)
        #expect(header["alg"] == "ES256")
        #expect(header["kid"] == key["kid"])
    }

    @Test func `a token says who, where and for how long`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let claims = try segment(1, of: ada.accessToken)
        #expect(claims["sub"].string == ada.id)
        #expect(claims["org"].string == ada.organizationID)
        #expect(claims["role"] == "owner")
        #expect(claims["typ"] == "access")
        let (issued, expires) = (claims["iat"].double ?? 0, claims["exp"].double ?? 0)
        #expect(abs(expires - issued - 900) <= 1)
    }

    @Test func `instances that start at once share one key`() async throws {
        let database = try await AuthServer.makeDatabase()
        let kids = try await withThrowingTaskGroup(of: JSONValue.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    let server = try await AuthServer.start(on: database)
                    return try await server.client().get("/.well-known/jwks.json").json["keys"]
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(kids.count == 1)
        #expect(kids.first?.array?.count == 1)
    }

    @Test func `the private key is not readable in the database`() async throws {
        let server = try await AuthServer.shared()
        let row = try #require(try await server.query("SELECT sealed_private_key FROM auth.signing_keys").first)
        let sealed = try row.decode([UInt8].self, at: 0)
        #expect(sealed.count > 32 + 28)
        let other = try Sealer(keys: KeyRing(Data(repeating: 7, count: 32).base64EncodedString()))
        #expect(throws: SealError.self) { try other.open(sealed, context: "auth.signing_keys") }
    }

    private func segment(_ index: Int, of token: String) throws -> JSONValue {
        let bytes = try #require(Base64URL.decode(token.split(separator: ".")[index]))
        return try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    }
}
