import Foundation
import Identity
import TestKit
import Testing

@testable import AuthService

@Suite struct InvitationPageTests {
    private func path(_ owner: Newcomer) -> String { "/organizations/\(owner.organizationID)" }

    @Test func `an admin invites, sends again and takes back`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await ada.browser()
        let email = AuthServer.newAddress()
        let form = path(ada) + "/invitations"
        let sent = try await browser.submit(form, [("email", email), ("role", "viewer")], from: path(ada))
        let page = try await browser.landing(sent)
        #expect(page.text.contains("The invitation is on its way."))
        #expect(page.text.contains("<strong>\(email)</strong>"))
        let token = try await server.letter(to: email, saying: "lms_inv_").token("lms_inv_")
        let own = String(try #require(page.text.firstMatch(of: /action="([^"]+)\/revoke"/)).1)
        #expect(try await browser.submit(own + "/resend", from: path(ada)).status == 303)
        #expect(try await browser.get("/invitations/\(token)").status == 404)
        let gone = try await browser.landing(try await browser.submit(own + "/revoke", from: path(ada)))
        #expect(gone.text.contains("The invitation has been taken back.") && !gone.text.contains(email))
        #expect(try await browser.submit(own + "/revoke", from: path(ada)).status == 404)
    }

    @Test func `what is wrong is said beside the field`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await ada.browser()
        let form = path(ada) + "/invitations"
        let bad = try await browser.submit(form, [("email", "<b>"), ("role", "admin")], from: path(ada))
        #expect(bad.status == 422)
        #expect(bad.text.contains("id=\"invitation-email-error\">The address must be"))
        #expect(bad.text.contains("value=\"&lt;b&gt;\"") && bad.text.contains("<option value=\"admin\" selected>"))
        let role = try await browser.submit(form, [("email", "a@example.org"), ("role", "king")], from: path(ada))
        #expect(role.status == 422)
        let own = try await browser.submit(form, [("email", ada.email), ("role", "viewer")], from: path(ada))
        #expect(own.status == 409)
        #expect(own.text.contains("Who has this address is a member already."))
    }

    @Test func `members who are no admins see no invitations, and admins make no owners`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let member = try await server.member(of: ada.organizationID, as: .member).browser()
        #expect(try await !member.get(path(ada)).text.contains("Invite somebody"))
        let form = path(ada) + "/invitations"
        let refused = try await member.submit(form, [("email", "a@example.org"), ("role", "viewer")], from: path(ada))
        #expect(refused.status == 403)
        let admin = try await server.member(of: ada.organizationID, as: .admin).browser()
        let page = try await admin.get(path(ada)).text
        let section = try #require(page.range(of: "id=\"invitation-role\""))
        #expect(!page[section.upperBound...].prefix { $0 != "/" }.contains("owner"))
        let owner = try await admin.submit(form, [("email", "a@example.org"), ("role", "owner")], from: path(ada))
        #expect(owner.status == 403)
    }

    @Test func `invitations to a confirmed address are listed with one's organizations`() async throws {
        let server = try await AuthServer.shared()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        let made = try await ada.api.post(
            "/api/v1/organizations/\(ada.organizationID)/invitations",
            ["email": .string(grace.email), "role": "member"])
        let id = try #require(made.json["id"].string)
        let browser = try await grace.browser()
        #expect(try await !browser.get("/organizations").text.contains("Invitations to you"))
        try await server.verifyAddress(of: grace)
        #expect(try await browser.get("/organizations").text.contains("href=\"/invitations/\(id)\""))
        let accepted = try await browser.submit(
            "/invitations/\(id)", [("answer", "accept")], from: "/invitations/\(id)")
        #expect(accepted.header("location") == path(ada))
        #expect(try await browser.landing(accepted).text.contains("<h1>Ada’s laboratory</h1>"))
    }
}
