import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import AuthService

/// What the other services, which may not sign, have renewed here.
@Suite struct RenewalTests {
    private func renew(_ token: String) async throws -> TestHTTPResponse {
        let server = try await AuthServer.shared()
        return try await server.client().authorized(server.internalToken())
            .post("/internal/v1/sessions/renew", ["token": .string(token)])
    }

    @Test func `a session past half of its token's life gets another token, of today's role`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        _ = try await Browser(client: ada.client).signedIn(ada)
        let old = try await server.agedToken(of: ada, "browser")
        let response = try await renew(old)
        #expect(response.status == 200)
        // Without "remember me" the browser keeps it until it is closed.
        #expect(response.json["max_age"].isNull)
        let before = try TestIssuer.claims(of: old)
        let after = try TestIssuer.claims(of: try #require(response.json["token"].string))
        #expect(after.sid == before.sid && after.typ == .session && after.role == .owner)
        #expect(after.exp > Date().timeIntervalSince1970 + 3590)
        let sessions = try await ada.api.get("/api/v1/auth/sessions").json["items"].array
        let session = try #require(sessions?.first { $0["id"].string == before.sid.text })
        let end = try #require(session["expires_at"].string.flatMap { Timestamp(rfc3339: $0) })
        #expect(abs(Double(end.microseconds) / 1e6 - after.exp) < 2)
    }

    @Test func `nothing is given for what is young, ended, not a browser's, or no token at all`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await Browser(client: ada.client).signedIn(ada)
        let young = String(browser.cookie.dropFirst("session_token=".count))
        let old = try await server.agedToken(of: ada, "browser")
        let program = try await server.agedToken(of: ada, "api")
        let session = try TestIssuer.claims(of: old).sid.text
        #expect(try await ada.api.delete("/api/v1/auth/sessions/\(session)").status == 204)
        for token in [young, old, program, "", "x"] {
            let response = try await renew(token)
            #expect(response.status == 204)
            #expect(response.body.isEmpty)
        }
    }
}
