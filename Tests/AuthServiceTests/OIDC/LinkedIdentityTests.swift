import Foundation
import NIOHTTP1
import TestKit
import Testing

@testable import AuthService

/// The identities of somebody who is signed in.
@Suite struct LinkedIdentityTests {
    private static let path = "/api/v1/auth/identities"

    @Test func `who is signed in adds an identity, and takes it away`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let ada = try await server.newcomer()
        try await server.verifyAddress(of: ada)
        let browser = try await Browser(client: ada.client).signedIn(ada)
        let journey = try await browser.journey(to: "scripted", next: "/organizations")
        let code = scripted.code(nonce: journey.nonce) { $0.claims.person.email = "work@example.org" }
        let added = try await journey.arrive(with: code)
        #expect(added.status == 303)
        #expect(added.header("location") == "/organizations")
        let listed = try await ada.api.get(Self.path).json["items"]
        #expect(listed.array?.count == 1)
        #expect(listed[0]["provider"] == "scripted")
        #expect(listed[0]["issuer"].string == scripted.issuer)
        #expect(listed[0]["email"] == "work@example.org")
        #expect(try await ada.api.get("/api/v1/users/export").json["identities"] == listed)
        let id = try #require(listed[0]["id"].string)
        #expect(try await server.newcomer().api.delete("\(Self.path)/\(id)").status == 404)
        #expect(try await ada.api.delete("\(Self.path)/\(id)").status == 204)
        #expect(try await ada.api.delete("\(Self.path)/\(id)").status == 404)
        let history = try await server.events(of: ada).filter { $0.hasPrefix("identity.") }
        #expect(history == ["identity.linked", "identity.unlinked"])
    }

    @Test func `the last identity of an account without a password stays`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let browser = Browser(client: server.client())
        let journey = try await browser.journey(to: "scripted")
        let signedIn = try await journey.arrive(with: scripted.code(nonce: journey.nonce)).signedIn(browser)
        let second = try await signedIn.journey(to: "scripted")
        #expect(try await second.arrive(with: scripted.code(nonce: second.nonce)).status == 303)
        let headers: HTTPHeaders = ["cookie": signedIn.cookie, "sec-fetch-site": "same-origin"]
        let listed = try await browser.client.get(Self.path, headers: headers).json["items"].array ?? []
        #expect(listed.count == 2)
        var statuses: [Int] = []
        for identity in listed {
            let path = "\(Self.path)/\(identity["id"].string ?? "")"
            statuses.append(try await browser.client.delete(path, headers: headers).status)
        }
        #expect(statuses == [204, 409])
    }

    @Test func `an identity has one account`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let person = IDTokenClaims.example(issuer: scripted.issuer, clientID: "lms", nonce: "").person
        let first = try await Browser(client: server.client()).journey(to: "scripted")
        #expect(
            try await first.arrive(with: scripted.code(nonce: first.nonce) { $0.claims.person = person }).status == 303)
        let ada = try await server.newcomer()
        try await server.verifyAddress(of: ada)
        let journey = try await Browser(client: ada.client).signedIn(ada).journey(to: "scripted")
        let refused = try await journey.arrive(with: scripted.code(nonce: journey.nonce) { $0.claims.person = person })
        #expect(refused.status == 409)
        #expect(refused.text.contains("belongs to another account"))
    }

    @Test func `an account with an address that may be another's gets no way in`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let ada = try await server.newcomer()
        let journey = try await Browser(client: ada.client).signedIn(ada).journey(to: "scripted")
        let refused = try await journey.arrive(with: scripted.code(nonce: journey.nonce))
        #expect(refused.status == 409)
        #expect(refused.text.contains("Verify the e-mail address of your account first"))
    }

    @Test func `no other site adds an identity to an account`() async throws {
        let (server, scripted) = try await AuthServer.federated()
        let ada = try await server.newcomer()
        try await server.verifyAddress(of: ada)
        let browser = try await Browser(client: ada.client).signedIn(ada)
        let start = "/api/v1/auth/oidc/scripted/start"
        for headers: HTTPHeaders in [
            [:], ["sec-fetch-site": "cross-site"], ["referer": "https://evil.example/x"], ["referer": "junk"],
        ] {
            var client = browser.client
            client.headers.add(contentsOf: headers)
            let refused = try await Browser(client: client, cookie: browser.cookie).get(start)
            #expect(refused.status == 403, "\(headers)")
            #expect(refused.text.contains("from a page of this site only"))
        }
        var client = browser.client
        client.headers.add(name: "referer", value: "http://127.0.0.1:\(server.port)/auth/profile")
        #expect(try await Browser(client: client, cookie: browser.cookie).get(start).status == 303)
        // Who has signed out meanwhile is nobody to add it to.
        let journey = try await browser.journey(to: "scripted")
        let stranger = Journey(
            browser: Browser(client: ada.client), url: journey.url, setCookie: journey.setCookie)
        #expect(try await stranger.arrive(with: scripted.code(nonce: journey.nonce)).status == 400)
    }
}
