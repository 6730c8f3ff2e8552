import Foundation
import Identity
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct MemberPageTests {
    private func path(_ newcomer: Newcomer) -> String { "/organizations/\(newcomer.organizationID)" }

    @Test func `members are shown as text, part by part`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let eve = try await server.member(of: ada.organizationID, as: .viewer)
        #expect(try await eve.api.put("/api/v1/auth/me", ["name": "<script>x</script>"]).status == 200)
        for _ in 0..<25 { try await server.join(try await server.newcomer(), to: ada.organizationID, as: .member) }
        let browser = try await ada.browser()
        let first = try await browser.get(path(ada))
        #expect(first.text.contains("&lt;script&gt;x&lt;/script&gt;") && !first.text.contains("<script>"))
        #expect(first.text.contains("(you)"))
        let next = String(try #require(first.text.firstMatch(of: /href="([^"#]+\?cursor=[^"#]+)#members"/)).1)
        let second = try await browser.get(next)
        #expect(second.text.contains("href=\"\(path(ada))#members\">Back to the first"))
        #expect(!second.text.contains("rel=\"next\"") && !second.text.contains("(you)"))
        #expect(second.text.matches(of: /\/remove"/).count == 2)
    }

    @Test func `a role is changed, and the member goes on with it`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.member(of: ada.organizationID, as: .member)
        let browser = try await ada.browser()
        let form = "\(path(ada))/members/\(grace.id)/role"
        let response = try await browser.submit(form, [("role", "admin")], from: path(ada))
        let page = try await browser.landing(response)
        #expect(page.text.contains("The role has been changed."))
        #expect(page.text.contains("Member role changed"))
        #expect(try await server.lastAudit("member.role_changed", of: ada.organizationID)["after"]["role"] == "admin")
        for role in ["", "king"] {
            let bad = try await browser.submit(form, [("role", role)], from: path(ada))
            #expect(bad.status == 422)
            #expect(bad.text.contains("role=\"alert\">There is no such role."))
        }
        let nobody = "\(path(ada))/members/\(UUID().uuidString)/role"
        #expect(try await browser.submit(nobody, [("role", "admin")], from: path(ada)).status == 404)
    }

    @Test func `an admin is offered what an admin may do`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.member(of: ada.organizationID, as: .member)
        let page = try await server.member(of: ada.organizationID, as: .admin).browser().get(path(ada))
        #expect(page.text.contains("\(path(ada))/members/\(grace.id)/remove"))
        #expect(!page.text.contains("\(path(ada))/members/\(ada.id)/"))
        #expect(page.text.contains("<option value=\"admin\"") && !page.text.contains("<option value=\"owner\""))
    }

    @Test func `a member is removed`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.member(of: ada.organizationID, as: .member)
        let browser = try await ada.browser()
        let response = try await browser.submit("\(path(ada))/members/\(grace.id)/remove", from: path(ada))
        let page = try await browser.landing(response)
        #expect(page.text.contains("The member has been removed."))
        #expect(!page.text.contains(grace.email))
        #expect(try await grace.api.get("/api/v1/auth/me").status == 401)
    }

    @Test func `the last owner stays one, and is told why`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await ada.browser()
        let page = try await browser.get(path(ada))
        #expect(!page.text.contains("\(path(ada))/leave") && !page.text.contains("/members/\(ada.id)/"))
        for form in ["/leave", "/members/\(ada.id)/remove"] {
            let refused = try await browser.submit(path(ada) + form, from: path(ada))
            #expect(refused.status == 409)
            #expect(refused.text.contains("role=\"alert\">The organization would be without an owner"))
        }
        let demoted = try await browser.submit(
            "\(path(ada))/members/\(ada.id)/role", [("role", "admin")], from: path(ada))
        #expect(demoted.status == 409)
    }

    @Test func `who leaves goes on elsewhere with a new cookie`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.member(of: ada.organizationID, as: .member)
        let browser = try await grace.browser()
        let response = try await browser.submit("\(path(ada))/leave", from: path(ada))
        #expect(response.header("location") == "/organizations?done=left")
        #expect(response.cookie("session_token") != nil)
        let page = try await browser.landing(response)
        #expect(page.text.contains("You have left the organization."))
        #expect(!page.text.contains(path(ada)))
        #expect(try await browser.after(response).get(path(ada)).status == 404)
    }

    @Test func `ownership goes to another member, and the browser on as an admin`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.member(of: ada.organizationID, as: .viewer)
        let browser = try await ada.browser()
        let form = path(ada) + "/transfer-ownership"
        for user in ["", "x", UUID().uuidString, ada.id] {
            let bad = try await browser.submit(form, [("user_id", user)], from: path(ada))
            #expect(bad.status == 422)
            #expect(bad.text.contains("id=\"successor-error\">The new owner must be another member"))
        }
        let response = try await browser.submit(form, [("user_id", grace.id)], from: path(ada))
        let page = try await browser.landing(response)
        #expect(page.text.contains("The organization has another owner"))
        #expect(!page.text.contains("action=\"\(form)\""))
        let me = try await ada.client.get(
            "/api/v1/auth/me", headers: ["cookie": browser.after(response).cookie])
        #expect(me.json["role"] == "admin")
    }
}
