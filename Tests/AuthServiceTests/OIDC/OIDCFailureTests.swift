import Foundation
import NIOHTTP1
import TestKit
import Testing

@testable import AuthService

/// What comes back from a provider and is not good, each told on a page.
@Suite struct OIDCFailureTests {
    @Test func `a state is taken once`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let journey = try await Browser(client: server.client()).journey(to: "scripted")
        #expect(try await journey.arrive(with: scripted.code(nonce: journey.nonce)).status == 303)
        let replayed = try await journey.arrive(with: scripted.code(nonce: journey.nonce))
        expectRefused(replayed, 400, "Begin it again.")
    }

    @Test func `a state is taken in its own browser alone, at its own provider`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let mine = try await Browser(client: server.client()).journey(to: "scripted")
        let other = try await Browser(client: server.client()).journey(to: "scripted")
        let path = "/api/v1/auth/oidc/scripted/callback?code=\(scripted.code(nonce: mine.nonce))&state=\(mine.state)"
        let mixed = Journey(browser: other.browser, url: other.url, setCookie: other.setCookie)
        expectRefused(try await mixed.arrive(at: path), 400, "in another browser")
        let name = mine.setCookie.prefix { $0 != "=" }
        let value = other.setCookie.firstPair.drop { $0 != "=" }
        let forged = Journey(browser: mine.browser, url: mine.url, setCookie: String(name + value))
        expectRefused(try await forged.arrive(at: path), 400, "in another browser")
        expectRefused(
            try await mine.arrive(at: path.replacing("/scripted/", with: "/mock/")), 400, "in another browser")
        // None of it has spent the state.
        #expect(try await mine.arrive(at: path).status == 303)
    }

    @Test(arguments: ["", "&state=", "&state=forged", "&state=lms_oid_" + String(repeating: "A", count: 43)])
    func `a state that nobody has issued is refused`(state: String) async throws {
        let (server, scripted) = try await AuthServer.federated()
        let journey = try await Browser(client: server.client()).journey(to: "scripted")
        let code = scripted.code(nonce: journey.nonce)
        let refused = try await journey.arrive(at: "/api/v1/auth/oidc/scripted/callback?code=\(code)\(state)")
        expectRefused(refused, 400, "Begin it again.")
        #expect(scripted.exchange(of: code) == nil)
    }

    @Test func `a state ends by itself, and is swept`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let journey = try await Browser(client: server.client()).journey(to: "scripted")
        _ = try await server.query(
            "UPDATE auth.oidc_logins SET expires_at = now() - interval '1 second' WHERE nonce = \(journey.nonce)")
        let late = try await journey.arrive(with: scripted.code(nonce: journey.nonce))
        expectRefused(late, 400, "too long ago")
    }

    @Test func `who declines is told so`() async throws {
        let (server, _) = try await AuthServer.federated()
        let journey = try await Browser(client: server.client()).journey(to: "mock")
        let path = try await OIDCProvider.shared().deny(at: journey.url)
        #expect(path.contains("error=access_denied"))
        expectRefused(try await journey.arrive(at: path), 403, "did not let you sign in")
    }

    @Test func `a code that the provider does not know is refused`() async throws {
        let (server, _) = try await AuthServer.federated()
        let journey = try await Browser(client: server.client()).journey(to: "mock")
        let path = "/api/v1/auth/oidc/mock/callback?code=forged&state=\(journey.state)"
        expectRefused(try await journey.arrive(at: path), 400, "does not know of this sign-in")
    }

    @Test func `a provider that is away, or fails, is no fault of ours`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let away = try await Browser(client: server.client()).get("/api/v1/auth/oidc/down/start")
        expectRefused(away, 503, "cannot be used just now")
        #expect(away.header("retry-after") == "5")
        let journey = try await Browser(client: server.client()).journey(to: "scripted")
        let failing = try await journey.arrive(with: scripted.code(nonce: journey.nonce) { $0.status = 500 })
        expectRefused(failing, 503, "cannot be used just now")
        let second = try await Browser(client: server.client()).journey(to: "scripted")
        let path = "/api/v1/auth/oidc/scripted/callback?error=temporarily_unavailable&state=\(second.state)"
        expectRefused(try await second.arrive(at: path), 503, "cannot be used just now")
    }

    @Test func `an unknown provider is not found`() async throws {
        let (server, _) = try await AuthServer.federated()
        for step in ["start", "callback?code=x&state=y"] {
            let response = try await Browser(client: server.client()).get("/api/v1/auth/oidc/nobody/" + step)
            expectRefused(response, 404, "There is no such way to sign in.")
        }
    }

    @Test func `a token for another sign-in, another client or by another issuer makes no account`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let changes: [@Sendable (inout IDTokenClaims) -> Void] = [
            { $0.nonce = "another" }, { $0.audience = ["another"] }, { $0.issuer = "https://evil.example" },
            { $0.expiresAt -= 3600 },
        ]
        for change in changes {
            let email = AuthServer.newAddress()
            let journey = try await Browser(client: server.client()).journey(to: "scripted")
            let code = scripted.code(nonce: journey.nonce) { word in
                word.claims.person.email = email
                change(&word.claims)
            }
            expectRefused(try await journey.arrive(with: code), 403, "cannot be trusted")
            #expect(try await server.query("SELECT 1 FROM auth.users WHERE email = \(email)").isEmpty)
        }
    }

    @Test func `the userinfo endpoint says what the token does not, of the same person alone`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        for isSame in [true, false] {
            let email = AuthServer.newAddress()
            let journey = try await Browser(client: server.client()).journey(to: "scripted")
            let code = scripted.code(nonce: journey.nonce) { word in
                word.claims.person.email = nil
                word.userInfo = PersonClaims(
                    subject: isSame ? word.claims.person.subject : "another", email: email, isEmailVerified: true)
            }
            let response = try await journey.arrive(with: code)
            guard isSame else {
                expectRefused(response, 503, "cannot be used just now")
                continue
            }
            let user = try await response.user()
            #expect(user["email"].string == email)
            #expect(user["name"] == "Ada")
        }
    }

    private func expectRefused(
        _ response: TestHTTPResponse, _ status: Int, _ sentence: String,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(response.status == status, "\(response)", sourceLocation: location)
        #expect(response.header("content-type") == "text/html; charset=utf-8", sourceLocation: location)
        #expect(response.text.contains(sentence), "\(response)", sourceLocation: location)
        #expect(response.text.contains("href=\"/auth/login\""), sourceLocation: location)
        #expect(response.cookie("session_token") == nil, sourceLocation: location)
    }
}
