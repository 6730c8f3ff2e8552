import Foundation
import Identity
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct ProfilePageTests {
    private static let path = "/auth/profile"

    @Test func `the profile says who one is, and where`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let page = try await ada.browser().get(Self.path)
        #expect(page.status == 200)
        #expect(page.header("cache-control") == "no-store")
        for text in [ada.email, "Ada’s laboratory", "this one", "href=\"/auth/profile\" aria-current=\"page\""] {
            #expect(page.text.contains(text), "\(text)")
        }
        #expect(!page.text.contains("class=\"notice"))
        let nobody = try await Browser(client: server.client()).get(Self.path)
        #expect(nobody.status == 303)
        #expect(nobody.header("location") == "/auth/login?next=%2Fauth%2Fprofile")
    }

    // MARK: The name

    @Test func `a name is changed, and shown as text`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        let response = try await browser.submit(Self.path, [("name", " <b>Ada</b> & co ")], from: Self.path)
        #expect(response.header("location") == "/auth/profile?done=renamed")
        let page = try await browser.landing(response)
        #expect(page.text.contains("Your name has been changed."))
        #expect(page.text.contains("value=\"&lt;b&gt;Ada&lt;/b&gt; &amp; co\""))
        #expect(!page.text.contains("<b>Ada"))
        #expect(try await ada.api.get("/api/v1/auth/me").json["name"] == "<b>Ada</b> & co")
    }

    @Test func `what is no name is told beside the field`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        for name in ["", "a\u{202E}b"] {
            let page = try await browser.submit(Self.path, [("name", name)], from: Self.path)
            #expect(page.status == 422)
            #expect(page.text.contains("id=\"name-error\">The name must have from 1 to 200 characters"))
            #expect(page.text.contains("aria-invalid=\"true\" aria-describedby=\"name-error\""))
        }
        #expect(try await browser.submit(Self.path, from: Self.path).status == 422)
        #expect(try await ada.api.get("/api/v1/auth/me").json["name"] == "Ada")
    }

    @Test func `only what the page knows is a notice`() async throws {
        let browser = try await AuthServer.shared().newcomer().browser()
        for query in ["?done=x", "?done=", "?done=Your%20money%20is%20gone"] {
            let page = try await browser.get(Self.path + query)
            #expect(page.status == 200)
            #expect(!page.text.contains("class=\"notice good\""), "\(query)")
        }
        #expect(try await browser.get(Self.path + "?sessions=x").status == 404)
    }

    @Test(arguments: [
        "", "/password", "/email", "/verify-email", "/identities/00000000-0000-0000-0000-000000000001/unlink",
        "/sessions/end-others", "/tokens", "/two-factor", "/two-factor/confirm", "/two-factor/recovery-codes",
        "/two-factor/remove", "/delete", "/restore",
    ])
    func `a form without its token, or of another site, is refused`(form path: String) async throws {
        let ada = try await AuthServer.shared().newcomer()
        let form = try await ada.browser().form(Self.path)
        let fields = [("name", "Eve"), ("email", ada.email), ("password", Newcomer.password)]
        let without = try await form.submit(
            to: Self.path + path, pairs: fields, headers: ["sec-fetch-site": "same-origin"])
        #expect(without.status == 403)
        let foreign = try await form.submit(
            to: Self.path + path, pairs: fields + [("csrf_token", form.token)],
            headers: ["sec-fetch-site": "cross-site"])
        #expect(foreign.status == 403)
        let me = try await ada.api.get("/api/v1/auth/me").json
        #expect(me["name"] == "Ada" && me.object?["deletes_at"] == .null)
    }

    // MARK: Sessions

    @Test func `a session is ended, and then all others`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let (browser, other) = (try await ada.browser(), try await ada.browser())
        let sessions = try await ada.api.get("/api/v1/auth/sessions").json["items"].array ?? []
        #expect(sessions.count == 3)
        let newest = try #require(sessions[0]["id"].string)
        let response = try await browser.submit("\(Self.path)/sessions/\(newest)/end", from: Self.path)
        #expect(try await browser.landing(response).text.contains("The session has been ended."))
        #expect(try await other.get(Self.path).status == 303)
        #expect(try await ada.api.get("/api/v1/auth/me").status == 200)
        let again = try await browser.submit("\(Self.path)/sessions/\(newest)/end", from: Self.path)
        #expect(again.status == 404)

        let all = try await browser.submit("\(Self.path)/sessions/end-others", from: Self.path)
        let page = try await browser.landing(all)
        #expect(page.text.contains("All other sessions have been ended."))
        #expect(!page.text.contains("End all other sessions"))
        #expect(try await ada.api.get("/api/v1/auth/me").status == 401)
    }

    @Test func `whoever ends the session at hand is signed out, and others' are not there`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let browser = try await ada.browser()
        let foreign = try #require(try await eve.api.get("/api/v1/auth/sessions").json["items"][0]["id"].string)
        #expect(try await browser.submit("\(Self.path)/sessions/\(foreign)/end", from: Self.path).status == 404)
        #expect(try await eve.api.get("/api/v1/auth/me").status == 200)
        let own = try #require(try await ada.api.get("/api/v1/auth/sessions").json["items"][0]["id"].string)
        let response = try await browser.submit("\(Self.path)/sessions/\(own)/end", from: Self.path)
        #expect(response.header("location") == "/")
        #expect(response.cookie("session_token")?.contains("Max-Age=0") == true)
    }

    @Test func `many sessions are shown part by part`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        for _ in 0..<10 { #expect(try await ada.logIn().status == 200) }
        let first = try await browser.get(Self.path)
        #expect(!first.text.contains("Back to the first"))
        let next = String(
            try #require(first.text.firstMatch(of: /href="(\/auth\/profile\?sessions=[^#"]+)#sessions"/)).1)
        let second = try await browser.get(next)
        #expect(second.status == 200)
        #expect(second.text.contains("Back to the first"))
        #expect(second.text.contains("this one") != first.text.contains("this one"))
        #expect(!second.text.contains("rel=\"next\""))
    }

    // MARK: The end of the account

    @Test func `an account is given up and taken back`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        let form = [("email", ada.email.uppercased()), ("password", Newcomer.password)]
        let response = try await browser.submit(Self.path + "/delete", form, from: Self.path)
        let page = try await browser.landing(response)
        #expect(page.text.contains("Your account is deleted for good on"))
        #expect(!page.text.contains("action=\"/auth/profile/delete\""))
        let restored = try await browser.submit(Self.path + "/restore", from: Self.path)
        #expect(try await browser.landing(restored).text.contains("Your account has been restored."))
        let again = try await browser.submit(Self.path + "/restore", from: Self.path)
        #expect(again.status == 409)
        #expect(again.text.contains("The account is not being deleted"))
    }

    @Test func `another address or password, and others without an owner, keep the account`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await ada.browser()
        let address = try await browser.submit(
            Self.path + "/delete", [("email", "<i>x"), ("password", Newcomer.password)], from: Self.path)
        #expect(address.status == 422)
        #expect(address.text.contains("id=\"deletion-email-error\">The address must be the address of the account."))
        #expect(address.text.contains("value=\"&lt;i&gt;x\""))
        let password = try await browser.submit(
            Self.path + "/delete", [("email", ada.email), ("password", "wrong horse battery")], from: Self.path)
        #expect(password.status == 401)
        #expect(password.text.contains("id=\"deletion-password-error\">The password is wrong."))
        #expect(!password.text.contains("wrong horse battery"))
        _ = try await server.member(of: ada.organizationID, as: .admin)
        let owner = try await browser.submit(
            Self.path + "/delete", [("email", ada.email), ("password", Newcomer.password)], from: Self.path)
        #expect(owner.status == 409)
        #expect(owner.text.contains("Ada’s laboratory would be without an owner"))
        #expect(try await ada.api.get("/api/v1/auth/me").json.object?["deletes_at"] == .null)
    }
}
