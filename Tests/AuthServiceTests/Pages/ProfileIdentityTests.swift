import Foundation
import NIOHTTP1
import TestKit
import Testing

@testable import AuthService

/// The identities at providers on the profile.
@Suite struct ProfileIdentityTests {
    private static let path = "/auth/profile"
    private static let api = "/api/v1/auth/identities"
    private static let linked = "/auth/profile?done=identity-linked"

    private func start(_ provider: String) -> String {
        "href=\"/api/v1/auth/oidc/\(provider)/start?next=%2Fauth%2Fprofile%3Fdone%3Didentity-linked\""
    }

    @Test func `an identity is linked from the profile, and unlinked`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let ada = try await server.newcomer()
        try await server.verifyAddress(of: ada)
        let browser = try await ada.browser()
        let page = try await browser.get(Self.path)
        for text in ["You have linked none.", "Link Mock &amp; Co", start("mock"), start("scripted")] {
            #expect(page.text.contains(text), "\(text)")
        }
        #expect(!page.text.contains("is not confirmed"))

        let journey = try await browser.journey(to: "scripted", next: Self.linked)
        let code = scripted.code(nonce: journey.nonce) { $0.claims.person.email = "work@example.org" }
        let arrived = try await journey.arrive(with: code)
        #expect(arrived.header("location") == Self.linked)
        let after = try await browser.landing(arrived)
        for text in ["The identity is linked to your account", "<strong>Script</strong>", "work@example.org"] {
            #expect(after.text.contains(text), "\(text)")
        }
        #expect(!after.text.contains(start("scripted")) && after.text.contains(start("mock")))

        let id = try #require(try await ada.api.get(Self.api).json["items"][0]["id"].string)
        let form = "\(Self.path)/identities/\(id)/unlink"
        let unlinked = try await browser.landing(try await browser.submit(form, from: Self.path))
        #expect(unlinked.text.contains("The identity has been unlinked"))
        #expect(unlinked.text.contains("You have linked none.") && unlinked.text.contains(start("scripted")))
        #expect(try await browser.submit(form, from: Self.path).status == 404)
        #expect(try await server.events(of: ada).suffix(2) == ["identity.linked", "identity.unlinked"])
    }

    @Test func `another's identity is not there`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        try await server.verifyAddress(of: eve)
        let journey = try await eve.browser().journey(to: "scripted")
        #expect(try await journey.arrive(with: scripted.code(nonce: journey.nonce)).status == 303)
        let foreign = try #require(try await eve.api.get(Self.api).json["items"][0]["id"].string)
        let browser = try await ada.browser()
        for id in [foreign, UUID().uuidString, "x"] {
            let response = try await browser.submit("\(Self.path)/identities/\(id)/unlink", from: Self.path)
            #expect(response.status == 404, "\(id)")
        }
        #expect(try await eve.api.get(Self.api).json["items"].array?.count == 1)
    }

    @Test func `the last way to sign in stays, and says why`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let browser = Browser(client: server.client())
        let first = try await browser.journey(to: "scripted")
        let ada = try await first.arrive(with: scripted.code(nonce: first.nonce)).signedIn(browser)
        func identities() async throws -> [JSONValue] {
            let headers: HTTPHeaders = ["cookie": ada.cookie, "sec-fetch-site": "same-origin"]
            return try await ada.client.get(Self.api, headers: headers).json["items"].array ?? []
        }
        let page = try await ada.get(Self.path)
        #expect(page.text.contains("It cannot be unlinked"))
        #expect(!page.text.contains("/unlink\""))
        let only = try #require(try await identities()[0]["id"].string)
        let form = "\(Self.path)/identities/\(only)/unlink"
        let refused = try await ada.submit(form, from: Self.path)
        #expect(refused.status == 409)
        let section = refused.text.split(separator: "id=\"identities\"", maxSplits: 1).last?.prefix(600) ?? ""
        #expect(section.contains("Without it you could not sign in any more; set a password first."))
        #expect(try await identities().count == 1)

        let second = try await ada.journey(to: "scripted", next: Self.linked)
        #expect(try await second.arrive(with: scripted.code(nonce: second.nonce)).status == 303)
        let both = try await ada.get(Self.path)
        #expect(both.text.matches(of: /\/unlink"/).count == 2)
        #expect(!both.text.contains("It cannot be unlinked"))
        let one = try await ada.landing(try await ada.submit(form, from: Self.path))
        #expect(one.text.contains("It cannot be unlinked"))
        #expect(try await identities().map { $0["id"].string != only } == [true])
    }

    @Test func `what cannot be linked leads back to the profile`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let ada = try await server.newcomer()
        let browser = try await ada.browser()
        #expect(try await browser.get(Self.path).text.contains("your e-mail address here is not confirmed"))
        let unverified = try await browser.journey(to: "scripted", next: Self.linked)
        let refused = try await unverified.arrive(with: scripted.code(nonce: unverified.nonce))
        #expect(refused.status == 409)
        #expect(refused.text.contains("Verify the e-mail address of your account first"))
        #expect(refused.text.contains("href=\"/auth/profile\">Back to your profile"))
        #expect(!refused.text.contains("href=\"/auth/login\""))

        try await server.verifyAddress(of: ada)
        let person = IDTokenClaims.example(issuer: scripted.issuer, clientID: "lms", nonce: "").person
        let eve = try await Browser(client: server.client()).journey(to: "scripted")
        let entered = try await eve.arrive(with: scripted.code(nonce: eve.nonce) { $0.claims.person = person })
        #expect(entered.status == 303)
        let taken = try await browser.journey(to: "scripted", next: Self.linked)
        let answer = try await taken.arrive(with: scripted.code(nonce: taken.nonce) { $0.claims.person = person })
        #expect(answer.status == 409)
        #expect(answer.text.contains("belongs to another account"))
        #expect(answer.text.contains("Back to your profile"))
        #expect(try await browser.get(Self.path).text.contains("You have linked none."))
        // What somebody has begun is not ended by whoever uses the browser afterwards.
        let begun = try await browser.journey(to: "scripted", next: Self.linked)
        let other = try await Browser(client: ada.client).signedIn(try await server.newcomer())
        let hers = Journey(browser: other, url: begun.url, setCookie: begun.setCookie)
        #expect(try await hers.arrive(with: scripted.code(nonce: begun.nonce)).status == 400)
        #expect(try await other.get(Self.path).text.contains("You have linked none."))
    }

    @Test func `without providers nothing is told of them, but what was linked can be unlinked`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await ada.browser()
        #expect(try await !browser.get(Self.path).text.contains("id=\"identities\""))
        _ = try await server.query(
            """
            INSERT INTO auth.identities (id, user_id, issuer, subject, email)
            SELECT gen_random_uuid(), \(UUID(uuidString: ada.id)), 'https://gone.example',
                gen_random_uuid()::text, '<b>' || n || '@example.org'
            FROM generate_series(1, 11) AS n
            """)
        let first = try await browser.get(Self.path)
        #expect(first.text.contains("https://gone.example") && first.text.contains("&lt;b&gt;"))
        #expect(!first.text.contains("<b>1"))
        #expect(!first.text.contains("Link an account"))
        #expect(first.text.matches(of: /\/unlink"/).count == 10)
        let next = String(
            try #require(first.text.firstMatch(of: /href="(\/auth\/profile\?identities=[^#"]+)#identities"/)).1)
        let second = try await browser.get(next)
        let form = try #require(second.text.firstMatch(of: /action="([^"]+\/unlink)"/)).1
        #expect(second.text.matches(of: /\/unlink"/).count == 1)
        #expect(try await browser.submit(String(form), from: Self.path).status == 303)
        #expect(try await !browser.get(Self.path).text.contains("?identities="))
        #expect(try await browser.get(Self.path + "?identities=x").status == 404)
    }

    @Test func `who has no password is told to set one before a second factor`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let browser = Browser(client: server.client())
        let journey = try await browser.journey(to: "scripted")
        let ada = try await journey.arrive(with: scripted.code(nonce: journey.nonce)).signedIn(browser)
        for (form, fields) in [
            ("/two-factor", [("password", "x")]), ("/two-factor/recovery-codes", [("password", "x"), ("code", "1")]),
        ] {
            let refused = try await ada.submit(Self.path + form, fields, from: Self.path)
            #expect(refused.status == 409)
            #expect(refused.text.contains("The account has no password yet; set one first"))
        }
    }
}
