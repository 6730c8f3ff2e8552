import EventBus
import Foundation
import Identity
import TestKit
import Testing

@testable import AuthService

@Suite struct InvitationTests {
    private func path(_ organization: String) -> String { "/api/v1/organizations/\(organization)/invitations" }

    private func invite(
        _ email: String, as role: Role = .member, by inviter: Newcomer, to organization: String? = nil
    ) async throws -> TestHTTPResponse {
        try await inviter.api.post(
            path(organization ?? inviter.organizationID), ["email": .string(email), "role": .string(role.rawValue)])
    }

    private func accept(_ reference: String, as person: Newcomer) async throws -> TestHTTPResponse {
        try await person.api.post("/api/v1/invitations/\(reference)/accept")
    }

    // MARK: Inviting

    @Test func `an invitation goes by letter, and makes who has it a member`() async throws {
        let server = try await AuthServer.shared()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        let made = try await invite(grace.email.uppercased(), by: ada)
        #expect(made.status == 201)
        #expect(made.header("cache-control") == "no-store")
        #expect(made.json["email"].string == grace.email)
        #expect(made.json["role"] == "member")
        #expect(made.json["invited_by"] == "Ada")
        let letter = try await server.letter(to: grace.email, saying: "lms_inv_")
        let token = try letter.token("lms_inv_")
        #expect(made.json["token"].string == token)
        #expect(letter.contains("\(AuthServer.publicURL)/invitations/\(token)"))
        // It is answered to the inviter alone, and once.
        let listed = try await ada.api.get(path(ada.organizationID)).json["items"][0]
        #expect(listed["id"] == made.json["id"])
        #expect(listed.object?["token"] == nil)

        let accepted = try await accept(token, as: grace)
        #expect(accepted.status == 200)
        #expect(accepted.json["id"].string == ada.organizationID)
        #expect(accepted.json["role"] == "member")
        #expect(try await grace.switching(to: ada.organizationID).api.get("/api/v1/auth/me").json["role"] == "member")
        // The letter to the own address was read.
        #expect(try await grace.api.get("/api/v1/auth/me").json["is_email_verified"] == true)
        #expect(try await accept(token, as: grace).status == 404)
        #expect(try await ada.api.get(path(ada.organizationID)).json["items"].array?.isEmpty == true)
        let events = try await server.events(about: "\(ada.organizationID)/\(grace.id)", count: 1)
        #expect(events[0].type == "member.added")
        let member: JSONValue = try events[0].decode()
        #expect(member["is_email_verified"] == true)
        #expect(member["user_version"].int == 2)
        for type in ["invitation.created", "invitation.accepted", "member.added"] {
            #expect(try await server.lastAudit(type, of: ada.organizationID)["role"] == "member")
        }
    }

    @Test func `who is invited without an account registers and comes back`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let email = AuthServer.newAddress()
        let token = try #require(try await invite(email, as: .viewer, by: ada).json["token"].string)
        let browser = Browser(client: server.client())
        let page = try await browser.get("/invitations/\(token)")
        #expect(page.status == 200)
        #expect(page.text.contains("Ada invites you to"))
        #expect(
            page.text.contains(
                "href=\"/auth/register?next=%2Finvitations%2F\(token.replacing("_", with: "%5F").replacing("-", with: "%2D"))\""
            ))
        let registered = try await browser.form("/auth/register?next=/invitations/\(token)").submit([
            "email": email, "password": Newcomer.password, "name": "Grace", "next": "/invitations/\(token)",
        ])
        #expect(registered.header("location") == "/invitations/\(token)")
        let signedIn = Browser(
            client: browser.client, cookie: try #require(registered.cookie("session_token")).firstPair)
        let answered = try await signedIn.form("/invitations/\(token)").submit(
            ["answer": "accept"], headers: ["sec-fetch-site": "same-origin"])
        #expect(answered.status == 303)
        #expect(answered.header("location") == "/organizations/\(ada.organizationID)")
        let cookie = try #require(answered.cookie("session_token")).firstPair
        let me = try await browser.client.get("/api/v1/auth/me", headers: ["cookie": cookie]).json
        #expect(me["organization_id"].string == ada.organizationID)
        #expect(me["role"] == "viewer")
        #expect(try await signedIn.get("/invitations/\(token)").status == 404)
    }

    @Test func `a member, an invited one, no address and no role cannot be invited`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let member = try await server.member(of: ada.organizationID, as: .viewer)
        let email = AuthServer.newAddress()
        #expect(try await invite(member.email, by: ada).status == 409)
        #expect(try await invite(email, by: ada).status == 201)
        #expect(try await invite(email, by: ada).status == 409)
        #expect(try await invite("x", by: ada).json["errors"][0]["field"] == "email")
        let wrong = try await ada.api.post(path(ada.organizationID), ["email": .string(email), "role": "boss"])
        #expect(wrong.status == 422)
    }

    @Test func `the same request again makes one invitation and one letter`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let email = AuthServer.newAddress()
        let body: JSONValue = ["email": .string(email), "role": "viewer"]
        let answers = try await [0, 1].asyncMap { _ in
            try await ada.api.post(path(ada.organizationID), body, headers: ["idempotency-key": "k"])
        }
        #expect(answers.map(\.status) == [201, 201])
        #expect(answers[0].json == answers[1].json)
        _ = try await server.letter(to: email, saying: "lms_inv_")
        try await server.mailIsSent()
        #expect(server.letters(to: email).count == 1)
    }

    @Test func `only owners invite owners`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let admin = try await server.member(of: ada.organizationID, as: .admin)
        #expect(try await invite(AuthServer.newAddress(), as: .owner, by: admin).status == 403)
        #expect(try await invite(AuthServer.newAddress(), as: .admin, by: admin).status == 201)
        #expect(try await invite(AuthServer.newAddress(), as: .owner, by: ada).status == 201)
    }

    @Test func `letters to strangers are not sent without end`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        var statuses: [Int] = []
        for _ in 0..<51 { statuses.append(try await invite(AuthServer.newAddress(), by: ada).status) }
        #expect(statuses.filter { $0 == 201 }.count == 50)
        #expect(statuses.last == 429)
    }

    // MARK: While it waits

    @Test func `sent again it has another token, and the old one is void`() async throws {
        let server = try await AuthServer.shared()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        let made = try await invite(grace.email, by: ada).json
        let (id, old) = (try #require(made["id"].string), try #require(made["token"].string))
        _ = try await server.query("UPDATE auth.invitations SET expires_at = now() WHERE id = \(UUID(uuidString: id))")
        #expect(try await accept(old, as: grace).status == 404)
        let resent = try await ada.api.post("\(path(ada.organizationID))/\(id)/resend")
        #expect(resent.status == 200)
        #expect(resent.json.object?["token"] == nil)
        #expect(
            try await server.lastAudit("invitation.resent", of: ada.organizationID)["email"].string == grace.email)
        try await eventually { server.letters(to: grace.email).filter { $0.contains("lms_inv_") }.count == 2 }
        let newest = server.letters(to: grace.email).first { $0.contains("lms_inv_") }
        let new = try #require(newest).token("lms_inv_")
        #expect(new != old)
        #expect(try await accept(old, as: grace).status == 404)
        #expect(try await accept(new, as: grace).status == 200)
    }

    @Test func `taken back it is gone`() async throws {
        let server = try await AuthServer.shared()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        let made = try await invite(grace.email, by: ada).json
        let own = "\(path(ada.organizationID))/\(try #require(made["id"].string))"
        #expect(try await ada.api.delete(own).status == 204)
        #expect(
            try await server.lastAudit("invitation.revoked", of: ada.organizationID)["email"].string == grace.email)
        #expect(try await ada.api.delete(own).status == 404)
        #expect(try await ada.api.post(own + "/resend").status == 404)
        #expect(try await accept(try #require(made["token"].string), as: grace).status == 404)
    }

    @Test func `another organization's invitation is not there`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let id = try #require(try await invite(AuthServer.newAddress(), by: ada).json["id"].string)
        #expect(try await eve.api.delete("\(path(ada.organizationID))/\(id)").status == 404)
        #expect(try await eve.api.delete("\(path(eve.organizationID))/\(id)").status == 404)
        #expect(try await eve.api.post("\(path(eve.organizationID))/\(id)/resend").status == 404)
        #expect(try await ada.api.get(path(ada.organizationID)).json["items"].array?.count == 1)
    }

    // MARK: The invited one

    @Test func `by its id it is for who has verified the address`() async throws {
        let server = try await AuthServer.shared()
        let (ada, grace, eve) = (
            try await server.newcomer(), try await server.newcomer(), try await server.newcomer()
        )
        let id = try #require(try await invite(grace.email, by: ada).json["id"].string)
        #expect(try await grace.api.get("/api/v1/invitations").json["items"].array?.isEmpty == true)
        #expect(try await accept(id, as: grace).status == 404)
        for person in [grace, eve] { try await server.verifyAddress(of: person) }
        #expect(try await eve.api.get("/api/v1/invitations").json["items"].array?.isEmpty == true)
        #expect(try await accept(id, as: eve).status == 404)
        let listed = try await grace.api.get("/api/v1/invitations").json["items"][0]
        #expect(listed["id"].string == id)
        #expect(listed["organization_name"] == "Ada’s laboratory")
        #expect(try await accept(id, as: grace).status == 200)
    }

    @Test func `it is declined by its token without an account, by its id with one`() async throws {
        let server = try await AuthServer.shared()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        let first = try #require(try await invite(grace.email, by: ada).json["token"].string)
        #expect(try await server.client().post("/api/v1/invitations/\(first)/decline").status == 204)
        #expect(try await accept(first, as: grace).status == 404)
        let second = try #require(try await invite(grace.email, by: ada).json["id"].string)
        #expect(try await server.client().post("/api/v1/invitations/\(second)/decline").status == 404)
        try await server.verifyAddress(of: grace)
        #expect(try await grace.api.post("/api/v1/invitations/\(second)/decline").status == 204)
        #expect(try await server.client().post("/api/v1/invitations/x/decline").status == 404)
        #expect(
            try await server.lastAudit("invitation.declined", of: ada.organizationID)["email"].string == grace.email)
    }

    @Test func `a letter that somebody else reads makes that one a member, with the address unverified`() async throws {
        let server = try await AuthServer.shared()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        let token = try #require(try await invite(AuthServer.newAddress(), by: ada).json["token"].string)
        #expect(try await accept(token, as: grace).status == 200)
        #expect(try await grace.api.get("/api/v1/auth/me").json["is_email_verified"] == false)
    }

    @Test func `who is a member by now stays as they are`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.newcomer()
        let token = try #require(try await invite(AuthServer.newAddress(), as: .viewer, by: ada).json["token"].string)
        try await server.join(grace, to: ada.organizationID, as: .admin)
        #expect(try await accept(token, as: grace).json["role"] == "admin")
    }

    @Test func `of many answers at once one counts`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let token = try #require(try await invite(AuthServer.newAddress(), by: ada).json["token"].string)
        let people = try await (0..<5).asyncMap { _ in try await server.newcomer() }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for person in people { group.addTask { try await accept(token, as: person).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [200, 404, 404, 404, 404])
    }

    @Test func `the page is declined with a button, too, and shows nothing of a false token`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let token = try #require(try await invite(AuthServer.newAddress(), by: ada).json["token"].string)
        let browser = Browser(client: server.client())
        let declined = try await browser.form("/invitations/\(token)").submit(
            ["answer": "decline"])
        #expect(declined.status == 303)
        #expect(try await browser.get("/invitations/\(token)").status == 404)
        #expect(try await browser.get("/invitations/lms_inv_x").status == 404)
    }
}

extension Sequence {
    func asyncMap<Value>(_ transform: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
