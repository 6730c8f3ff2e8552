import Foundation
import Identity
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct OrganizationPageTests {
    private static let list = "/organizations"

    private func path(_ newcomer: Newcomer) -> String { "/organizations/\(newcomer.organizationID)" }

    // MARK: All

    @Test func `the list leads to one's organizations, the active one marked`() async throws {
        let server = try await AuthServer.shared()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        try await server.join(ada, to: grace.organizationID, as: .viewer)
        let page = try await ada.browser().get(Self.list)
        #expect(page.status == 200)
        #expect(page.text.contains("href=\"/organizations\" aria-current=\"page\""))
        #expect(page.text.contains("href=\"\(path(ada))\"") && page.text.contains("href=\"\(path(grace))\""))
        #expect(!page.text.contains("\(path(ada))/activate") && page.text.contains("\(path(grace))/activate"))
        #expect(page.text.contains("Active organization: </span>Ada’s laboratory"))
        #expect(try await Browser(client: server.client()).get(Self.list).status == 303)
    }

    @Test func `an organization is made and switched to`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        let made = try await browser.submit(Self.list, [("name", " <i>Second</i> ")], from: Self.list)
        let page = try await browser.landing(made)
        #expect(page.text.contains("The organization has been made; you own it."))
        #expect(page.text.contains("<h1>&lt;i&gt;Second&lt;/i&gt;</h1>"))
        let second = try #require(made.header("location")?.split(separator: "/").last?.prefix { $0 != "?" })
        let switched = try await browser.switching(to: String(second))
        #expect(try await switched.get(Self.list).text.contains("Active organization: </span>&lt;i&gt;Second"))
        let me = try await ada.client.get("/api/v1/auth/me", headers: ["cookie": switched.cookie])
        #expect(me.json["organization_id"].string == String(second))
    }

    @Test func `what is no name makes no organization`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        let page = try await browser.submit(Self.list, [("name", " ")], from: Self.list)
        #expect(page.status == 422)
        #expect(page.text.contains("id=\"name-error\">The name must have"))
        #expect(try await ada.api.get("/api/v1/organizations").json["items"].array?.count == 1)
    }

    @Test func `one goes neither to a foreign organization nor where one is suspended`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let browser = try await ada.browser()
        let foreign = try await browser.submit(path(eve) + "/activate", from: Self.list)
        #expect(foreign.status == 404)
        #expect(foreign.cookie("session_token") == nil)
        try await server.join(ada, to: eve.organizationID, as: .member)
        let owner = try await eve.browser()
        _ = try await eve.enableTwoFactor()
        let required = try await owner.submit(
            path(eve) + "/two-factor", [("required", "true")], from: path(eve))
        #expect(required.header("location") == path(eve) + "?done=second-factor-required")
        let page = try await browser.get(Self.list)
        #expect(page.text.contains("suspended") && page.text.contains("/auth/profile#second-factor"))
        #expect(try await browser.submit(path(eve) + "/activate", from: Self.list).status == 403)
        #expect(try await browser.get(path(eve)).status == 403)
        let left = try await browser.submit(path(eve) + "/leave", from: Self.list)
        #expect(try await browser.landing(left).text.contains("You have left the organization."))
    }

    // MARK: One

    /// What the page of an organization holds for which roles.
    @Test(arguments: Role.allCases)
    func `the page shows what the role may do`(role: Role) async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let member = try await server.member(of: ada.organizationID, as: role)
        let page = try await member.browser().get(path(ada))
        #expect(page.status == 200)
        #expect(page.text.contains(ada.email) && page.text.contains(member.email))
        let path = path(ada)
        for (least, parts) in [
            Role.viewer: ["action=\"\(path)/leave\""],
            .admin: [
                "action=\"\(path)\"", "id=\"audit\"", "/api/v1\(path)/audit?format=csv",
            ],
            .owner: [
                "action=\"\(path)/transfer-ownership\"", "id=\"second-factor\"", "action=\"\(path)/delete\"",
                "action=\"\(path)/members/\(ada.id)/role\"",
            ],
        ] {
            for part in parts { #expect(page.text.contains(part) == (role >= least), "\(part)") }
        }
    }

    @Test func `forms are refused to who may not, and are not there for strangers`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let admin = try await server.member(of: ada.organizationID, as: .admin)
        let viewer = try await server.member(of: ada.organizationID, as: .viewer)
        let forms: [(path: String, fields: [(String, String)], least: Role)] = [
            ("", [("name", "Mine")], .admin), ("/two-factor", [("required", "true")], .owner),
            ("/delete", [("name", "Ada’s laboratory")], .owner), ("/restore", [], .owner),
            ("/transfer-ownership", [("user_id", viewer.id)], .owner),
            ("/members/\(ada.id)/role", [("role", "viewer")], .owner),
            ("/members/\(admin.id)/role", [("role", "viewer")], .admin),
            ("/members/\(ada.id)/remove", [], .owner), ("/members/\(admin.id)/remove", [], .admin),
        ]
        let (viewing, strange) = (try await viewer.browser(), try await eve.browser())
        #expect(try await strange.get(path(ada)).status == 404)
        #expect(try await strange.get("/organizations/x").status == 404)
        for form in forms {
            let refused = try await viewing.submit(path(ada) + form.path, form.fields, from: Self.list)
            #expect(refused.status == 403, "\(form.path)")
            #expect(refused.text.contains("Forbidden"))
            let foreign = try await strange.submit(path(ada) + form.path, form.fields, from: Self.list)
            #expect(foreign.status == 404, "\(form.path)")
            let without = try await viewing.form(path(ada)).submit(
                to: path(ada) + form.path, pairs: form.fields, headers: ["sec-fetch-site": "same-origin"])
            #expect(without.status == 403, "\(form.path)")
        }
        let administering = try await admin.browser()
        for form in forms where form.least == .owner {
            let refused = try await administering.submit(path(ada) + form.path, form.fields, from: path(ada))
            #expect(refused.status == 403, "\(form.path)")
        }
        #expect(try await strange.submit(path(ada) + "/leave", from: Self.list).status == 404)
        let history = try await server.audit(of: ada.organizationID)
        #expect(history == ["member.added", "organization.created"])
    }

    @Test func `an organization is renamed`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await server.member(of: ada.organizationID, as: .admin).browser()
        let response = try await browser.submit(path(ada), [("name", "<Cold> & dark")], from: path(ada))
        let page = try await browser.landing(response)
        #expect(page.text.contains("The organization has been renamed."))
        #expect(page.text.contains("<h1>&lt;Cold&gt; &amp; dark</h1>") && !page.text.contains("<Cold>"))
        let bad = try await browser.submit(path(ada), [("name", "")], from: path(ada))
        #expect(bad.status == 422)
        #expect(bad.text.contains("id=\"organization-name-error\">The name must have"))
        #expect(bad.text.contains("<h1>&lt;Cold&gt; &amp; dark</h1>"))
        // Who did what is in the log below.
        #expect(page.text.contains("Organization updated"))
    }

    @Test func `only who has a second factor may require one`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await ada.browser()
        #expect(try await !browser.get(path(ada)).text.contains("Require a second factor"))
        let refused = try await browser.submit(path(ada) + "/two-factor", [("required", "true")], from: path(ada))
        #expect(refused.status == 403)
        _ = try await ada.enableTwoFactor()
        #expect(try await browser.get(path(ada)).text.contains("Require a second factor"))
        let required = try await browser.submit(path(ada) + "/two-factor", [("required", "true")], from: path(ada))
        #expect(try await browser.landing(required).text.contains("Do not require it any more"))
        #expect(try await ada.api.get("/api/v1\(path(ada))").json["requires_two_factor"] == true)
        let optional = try await browser.submit(path(ada) + "/two-factor", [("required", "false")], from: path(ada))
        #expect(try await browser.landing(optional).text.contains("A second factor is not required any more."))
        #expect(try await ada.api.get("/api/v1\(path(ada))").json["name"] == "Ada’s laboratory")
    }

    @Test func `an organization is given up by its name, and taken back`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        let wrong = try await browser.submit(path(ada) + "/delete", [("name", "Another")], from: path(ada))
        #expect(wrong.status == 422)
        #expect(wrong.text.contains("deletion-name-error\">The name must be the name of the organization."))
        #expect(wrong.text.contains("value=\"Another\""))
        let response = try await browser.submit(
            path(ada) + "/delete", [("name", "Ada’s laboratory")], from: path(ada))
        let page = try await browser.landing(response)
        #expect(page.text.contains("is deleted for good on") && !page.text.contains("action=\"\(path(ada))/delete\""))
        let restored = try await browser.submit(path(ada) + "/restore", from: path(ada))
        #expect(try await browser.landing(restored).text.contains("The organization has been restored."))
        let again = try await browser.submit(path(ada) + "/restore", from: path(ada))
        #expect(again.status == 409)
        #expect(again.text.contains("role=\"alert\">The organization is not being deleted"))
    }
}
