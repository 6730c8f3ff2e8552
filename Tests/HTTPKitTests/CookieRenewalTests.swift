import HTTPKit
import Hummingbird
import Identity
import NIOHTTP1
import TestKit
import Testing

@Suite struct CookieRenewalTests {
    private static let renewed: SessionRenewal.Ask = { SessionToken("new-\($0.suffix(8))", maxAge: 3600) }
    private static let away: SessionRenewal.Ask = { _ in throw PeerError.unavailable(reason: "down") }

    private func serve(
        renewing renew: @escaping SessionRenewal.Ask, _ body: @Sendable (ServedRoutes) async throws -> Void
    ) async throws {
        try await ServedRoutes.with(
            renewing: renew,
            { table in
                table.get("/data", .user(atLeast: .viewer)) { _, _ in JSON(["answer": 42]) }
                table.get("/anybody", .public) { _, _ in JSON(["answer": 42]) }
                table.post("/change", .signedIn) { _, _ in JSON(["answer": 42]) }
                table.get("/cached", .public) { _, _ in
                    JSON(["answer": 42], headers: [.cacheControl: "public, max-age=60"])
                }
                table.get("/leave", .signedIn) { _, _ in
                    Redirect(to: "/").setting(SessionCookie.expired(isSecure: false))
                }
            }, body)
    }

    private func sessionCookies(of response: TestHTTPResponse) -> [String] {
        response.headers["set-cookie"].filter { $0.hasPrefix("session_token=") }
    }

    @Test func aCookiePastHalfOfItsLifeIsReplacedWhateverIsAsked() async throws {
        try await serve(renewing: Self.renewed) { served in
            for path in ["/data", "/anybody", "/change"] {
                let token = try await served.token(.viewer, kind: .session, lifetime: 3600, age: 2000)
                let headers: HTTPHeaders = [
                    "cookie": "other=1; session_token=\(token)", "sec-fetch-site": "same-origin",
                    "x-forwarded-proto": "https",
                ]
                let response = try await served.client.send(path == "/change" ? .POST : .GET, path, headers: headers)
                #expect(response.status == 200)
                let cookie = try #require(sessionCookies(of: response).first)
                #expect(cookie.hasPrefix("session_token=new-\(token.suffix(8));"))
                for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=3600"] {
                    #expect(cookie.contains(attribute))
                }
            }
        }
    }

    @Test func aYoungCookieAndABearerTokenAreLeftAlone() async throws {
        try await serve(renewing: Self.renewed) { served in
            let young = try await served.token(.viewer, kind: .session, lifetime: 3600, age: 1000)
            let old = try await served.token(.viewer, lifetime: 3600, age: 2000)
            for headers: HTTPHeaders in [["cookie": "session_token=\(young)"], ["authorization": "Bearer \(old)"]] {
                let response = try await served.client.get("/data", headers: headers)
                #expect(response.status == 200)
                #expect(sessionCookies(of: response) == [])
            }
        }
    }

    @Test func withoutAuthTheAnswerIsTheSame() async throws {
        try await serve(renewing: Self.away) { served in
            let token = try await served.token(.viewer, kind: .session, lifetime: 3600, age: 2000)
            let response = try await served.client.get("/data", headers: ["cookie": "session_token=\(token)"])
            #expect(response.status == 200)
            #expect(response.json["answer"] == 42)
            #expect(response.headers["set-cookie"] == [])
        }
    }

    @Test func anAnswerThatEndsTheSessionOrThatCachesKeepCarriesNone() async throws {
        try await serve(renewing: Self.renewed) { served in
            for (path, expected) in [("/cached", 0), ("/leave", 1)] {
                let token = try await served.token(.viewer, kind: .session, lifetime: 3600, age: 2000)
                let response = try await served.client.get(path, headers: ["cookie": "session_token=\(token)"])
                let cookies = sessionCookies(of: response)
                #expect(cookies.count == expected, "\(path)")
                #expect(cookies.allSatisfy { $0.contains("Max-Age=0") })
            }
        }
    }

    @Test func aRevokedSessionIsNotRenewed() async throws {
        try await serve(renewing: Self.renewed) { served in
            let token = try await served.token(.viewer, kind: .session, lifetime: 3600, age: 2000)
            let headers: HTTPHeaders = ["cookie": "session_token=\(token)"]
            served.revocations.insert(try await served.revocation(of: token))
            for (path, status) in [("/data", 401), ("/anybody", 200)] {
                let response = try await served.client.get(path, headers: headers)
                #expect(response.status == status)
                #expect(sessionCookies(of: response) == [])
            }
        }
    }
}
