import Foundation
import Kernel
import TestKit
import Testing

@testable import RealtimeService

/// Who only watches stays signed in.
struct SessionTests {
    private let organization = UUID.v7()

    /// The session cookie that the answer sets, if it does.
    private func cookie(of response: TestHTTPResponse) -> Substring? {
        response.headers["set-cookie"].first { $0.hasPrefix("session_token=") }?
            .dropFirst("session_token=".count).prefix { $0 != ";" }
    }

    @Test(arguments: ["/dashboard", "/dashboard/stats", "/api/v1/dashboard"])
    func anOldCookieIsRenewedByAuth(path: String) async throws {
        let client = try await RealtimeServer.shared().service.client
        // A third of its quarter of an hour is left.
        let old = try await TestIssuer.shared().token(in: organization, as: .viewer, lifetime: 300)
        let response = try await client.get(path, headers: ["cookie": "session_token=\(old)"])
        #expect(response.status == 200)
        let new = String(try #require(cookie(of: response)))
        let (before, after) = (try TestIssuer.claims(of: old), try TestIssuer.claims(of: new))
        #expect(after.sid == before.sid && after.org == before.org && after.exp > before.exp)
        let next = try await client.get(path, headers: ["cookie": "session_token=\(new)"])
        #expect(next.status == 200)
        #expect(cookie(of: next) == nil)
    }

    @Test func aYoungCookieIsKept() async throws {
        let client = try await RealtimeServer.shared().service.client
        let young = try await TestIssuer.shared().token(in: organization, as: .viewer, lifetime: 600)
        let response = try await client.get("/dashboard/stats", headers: ["cookie": "session_token=\(young)"])
        #expect(response.status == 200)
        #expect(cookie(of: response) == nil)
    }
}
