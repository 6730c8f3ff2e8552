import Foundation
import TestKit
import Testing

@testable import AuthService

/// Signing in by way of a provider, most of it through a real one.
@Suite struct OIDCTests {
    @Test func `the first sign-in makes an account without a password, and the second finds it`() async throws {
        let (server, _) = try await AuthServer.federated()
        let email = AuthServer.newAddress()
        let person = try await OIDCProvider.shared().makePerson([
            "email": .string(email.uppercased()), "email_verified": true, "name": "Ada Lovelace",
        ])
        let browser = Browser(client: server.client())
        let first = try await browser.signIn(person)
        #expect(first.status == 303, "\(first)")
        #expect(first.header("location") == "/devices")
        #expect(first.headers["set-cookie"].contains { $0.hasPrefix("oidc_") && $0.contains("Max-Age=0") })
        let user = try await first.user()
        #expect(user["email"].string == email)
        #expect(user["name"] == "Ada Lovelace")
        #expect(user["role"] == "owner")
        #expect(user["organizations"][0]["name"] == "Ada Lovelace’s laboratory")
        let second = try await browser.signIn(person)
        #expect(try await second.user()["id"] == user["id"])
        let id = try #require(user["id"].string)
        let events = try await server.events(about: id, count: 1)
        #expect(events.map(\.type) == ["user.registered"])
        let history = try await server.query(
            "SELECT event_type FROM core.events WHERE entity_id = \(UUID(uuidString: id)) ORDER BY event_type")
        let types: [String] = try history.map { try $0.decode(at: 0) }
        #expect(types == ["identity.linked", "member.added", "session.opened", "user.registered", "user.signed_in"])
        // There is no password, so none is right, and what asks for it says so.
        let login = try await server.client().post(
            "/api/v1/auth/login", ["email": .string(email), "password": "correct horse battery"])
        #expect(login.status == 401)
        let end = try await browser.client.send(
            .DELETE, "/api/v1/users/account", json: ["email": .string(email), "password": "x"],
            headers: ["cookie": first.signedIn(browser).cookie, "sec-fetch-site": "same-origin"])
        #expect(end.status == 409)
    }

    @Test func `the browser is sent with a proof key, and bound by a cookie`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let journey = try await Browser(client: server.client()).journey(to: "scripted")
        #expect(journey.url.hasPrefix(scripted.issuer + "/authorize?tenant=1&"))
        #expect(journey.parameter("response_type") == "code")
        #expect(journey.parameter("scope") == "openid email profile")
        #expect(journey.parameter("code_challenge_method") == "S256")
        #expect(journey.parameter("redirect_uri") == AuthServer.publicURL + "/api/v1/auth/oidc/scripted/callback")
        #expect(journey.setCookie.contains("HttpOnly"))
        #expect(journey.setCookie.contains("SameSite=Lax"))
        #expect(journey.setCookie.contains("Max-Age=600"))
        let code = scripted.code(nonce: journey.nonce)
        #expect(try await journey.arrive(with: code).status == 303)
        let exchange = try #require(scripted.exchange(of: code))
        #expect(exchange.header("authorization") == "Basic " + Data("lms:s3cret%2F%25".utf8).base64EncodedString())
        let form = URLComponents(string: "?" + exchange.text)?.queryItems ?? []
        let verifier = try #require(form.first { $0.name == "code_verifier" }?.value)
        #expect(ProofKey(verifier: verifier).challenge == journey.parameter("code_challenge"))
        #expect(form.first { $0.name == "redirect_uri" }?.value == journey.parameter("redirect_uri"))
    }

    // MARK: Accounts that are there

    @Test func `an account whose address is verified gets the identity`() async throws {
        let (server, _) = try await AuthServer.federated()
        let ada = try await server.newcomer()
        try await server.verifyAddress(of: ada)
        let person = try await OIDCProvider.shared().makePerson(["email": .string(ada.email), "email_verified": true])
        let browser = Browser(client: ada.client)
        let user = try await browser.signIn(person).user()
        #expect(user["id"].string == ada.id)
        #expect(try await ada.logIn().status == 200)
        #expect(try await server.events(of: ada).contains("identity.linked"))
    }

    @Test func `an account that nobody has verified asks for its password first`() async throws {
        let (server, _) = try await AuthServer.federated()
        let ada = try await server.newcomer()
        let person = try await OIDCProvider.shared().makePerson(["email": .string(ada.email), "email_verified": true])
        let refused = try await Browser(client: ada.client).signIn(person)
        #expect(refused.status == 409)
        #expect(refused.text.contains("Sign in with its password first"))
        // Its user is told that somebody has come as them.
        let history = try await ada.api.get("/api/v1/users/export").json["history"].array ?? []
        let failures = history.filter { $0["event_type"] == "user.sign_in_failed" }
        #expect(failures.map { $0["data"]["step"] } == ["provider"])
        #expect(refused.text.contains("href=\"/auth/login\""))
        #expect(refused.cookie("session_token") == nil)
        // Then both have shown to be the address's, and so it is verified.
        let browser = try await Browser(client: ada.client).signedIn(ada)
        let added = try await browser.signIn(person, next: "/auth/profile")
        #expect(added.status == 303, "\(added)")
        #expect(added.cookie("session_token") == nil)
        let events = try await server.events(about: ada.id, count: 2)
        #expect(try events.map { try $0.decode(JSONValue.self)["is_email_verified"] } == [false, true])
        let fresh = Browser(client: ada.client)
        let user = try await fresh.signIn(person).user()
        #expect(user["id"].string == ada.id)
    }

    @Test(
        arguments: [
            (["email": "USER", "email_verified": false], "has not verified your e-mail address"),
            (["email": "USER"], "has not verified your e-mail address"),
            ([:], "tells no e-mail address"),
            (["email": "ada@localhost", "email_verified": true], "tells no e-mail address"),
        ] as [([String: JSONValue], String)])
    func `an address that the provider does not vouch for is refused`(
        claims: [String: JSONValue], sentence: String
    ) async throws {
        let (server, _) = try await AuthServer.federated()
        let email = AuthServer.newAddress()
        let claims = claims.mapValues { $0 == "USER" ? .string(email) : $0 }
        let person = try await OIDCProvider.shared().makePerson(.object(claims))
        let refused = try await Browser(client: server.client()).signIn(person)
        #expect(refused.status == 403)
        #expect(refused.text.contains(sentence))
        #expect(refused.cookie("session_token") == nil)
        #expect(try await server.query("SELECT 1 FROM auth.users WHERE email = \(email)").isEmpty)
    }

    @Test func `a closed account stays closed`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let browser = Browser(client: server.client())
        let journey = try await browser.journey(to: "scripted")
        let known = IDTokenClaims.example(issuer: scripted.issuer, clientID: "lms", nonce: "").person
        let first = try await journey.arrive(with: scripted.code(nonce: journey.nonce) { $0.claims.person = known })
        #expect(first.status == 303)
        _ = try await server.query("UPDATE auth.users SET is_active = false WHERE email = \(known.email)")
        let again = try await browser.journey(to: "scripted")
        let refused = try await again.arrive(with: scripted.code(nonce: again.nonce) { $0.claims.person = known })
        #expect(refused.status == 403)
        #expect(refused.text.contains("Your account is closed."))
    }

    @Test func `who has a second factor shows it after the provider, too`() async throws {
        let (server, _) = try await AuthServer.federated()
        let ada = try await server.newcomer()
        try await server.verifyAddress(of: ada)
        let (code, _) = try await ada.enableTwoFactor()
        let person = try await OIDCProvider.shared().makePerson(["email": .string(ada.email), "email_verified": true])
        let browser = Browser(client: ada.client)
        let asked = try await browser.signIn(person)
        #expect(asked.status == 200)
        #expect(asked.cookie("session_token") == nil)
        let challenge = String(try #require(asked.text.firstMatch(of: /name="challenge" value="([^"]+)"/)).1)
        let right = try await browser.form("/auth/login").submit(
            to: "/auth/two-factor", ["challenge": challenge, "code": code.next(), "next": "/devices"])
        #expect(right.header("location") == "/devices")
        #expect(try await right.user()["id"].string == ada.id)
    }

    // MARK: Pages

    @Test func `pages offer every provider, with the way on`() async throws {
        let (server, _) = try await AuthServer.federated()
        let browser = Browser(client: server.client())
        for path in ["/auth/login", "/auth/register"] {
            let text = try await browser.get(path + "?next=%2Fdevices%3Fpage%3D2").text
            #expect(text.contains("href=\"/api/v1/auth/oidc/mock/start?next=%2Fdevices%3Fpage%3D2\""))
            #expect(text.contains("Continue with Mock &amp; Co"))
            #expect(text.contains("Continue with Down"))
        }
        let listed = try await server.client().get("/api/v1/auth/oidc").json["items"]
        #expect(listed[0] == ["name": "mock", "title": "Mock & Co"])
        #expect(try await AuthServer.shared().client().get("/api/v1/auth/oidc").json == ["items": []])
    }

    @Test func `the way on stays within the site`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let journey = try await Browser(client: server.client()).journey(to: "scripted", next: "//evil.example")
        let response = try await journey.arrive(with: scripted.code(nonce: journey.nonce))
        #expect(response.status == 303)
        #expect(response.header("location") == "/dashboard")
    }
}
