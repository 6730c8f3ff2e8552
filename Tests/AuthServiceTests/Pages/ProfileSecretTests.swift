import Foundation
import Identity
import Postgres
import TestKit
import Testing

@testable import AuthService

/// What the profile shows once: tokens, secrets of authenticator apps, recovery codes.
@Suite struct ProfileSecretTests {
    private static let path = "/auth/profile"

    private func secret(in page: TestHTTPResponse, _ pattern: Regex<(Substring, Substring)>) throws -> String {
        String(try #require(page.text.firstMatch(of: pattern), "\(page)").1)
    }

    // MARK: Tokens

    @Test func `a token is made, shown once, and deleted`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        let page = try await browser.submit(
            Self.path + "/tokens",
            [("name", "<export>"), ("scopes", "profile:read"), ("scopes", "devices:read"), ("lifetime", "30")],
            from: Self.path)
        #expect(page.status == 201)
        #expect(page.header("cache-control") == "no-store")
        #expect(page.text.contains("&lt;export&gt;") && !page.text.contains("<export>"))
        let token = try secret(in: page, /id="new-token"[^>]*>(lms_pat_[^<]+)</)
        #expect(try await ada.client.authorized(token).get("/api/v1/auth/me").status == 200)
        #expect(try await ada.client.authorized(token).get("/api/v1/projects").status == 403)
        let item = try await ada.api.get("/api/v1/auth/tokens").json["items"][0]
        let end = try #require(item["expires_at"].string.flatMap { Timestamp(rfc3339: $0) })
        #expect(end.since(.now) / .seconds(86_400) > 29)
        #expect(item["scopes"] == ["devices:read", "profile:read"])

        let later = try await browser.get(Self.path)
        #expect(later.text.contains("&lt;export&gt;") && !later.text.contains("lms_pat_"))
        let id = try #require(item["id"].string)
        let response = try await browser.submit("\(Self.path)/tokens/\(id)/delete", from: Self.path)
        #expect(try await browser.landing(response).text.contains("You have no tokens."))
        #expect(try await ada.client.authorized(token).get("/api/v1/auth/me").status == 401)
        #expect(try await browser.submit("\(Self.path)/tokens/\(id)/delete", from: Self.path).status == 404)
    }

    @Test func `what is wrong with a token is told, and what was typed stays`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        let bad = try await browser.submit(
            Self.path + "/tokens", [("name", ""), ("scopes", "devices:read"), ("lifetime", "none")], from: Self.path)
        #expect(bad.status == 422)
        #expect(bad.text.contains("id=\"token-name-error\""))
        #expect(bad.text.contains("value=\"devices:read\" checked"))
        #expect(bad.text.contains("value=\"none\" selected"))
        let none = try await browser.submit(
            Self.path + "/tokens", [("name", "x"), ("lifetime", "30")], from: Self.path)
        #expect(none.status == 422)
        #expect(none.text.contains("Choose at least one scope."))
        for fields in [[("scopes", "all")], [("scopes", "devices:read"), ("lifetime", "9999")]] {
            let page = try await browser.submit(
                Self.path + "/tokens", [("name", "x")] + fields + [("lifetime", "30")], from: Self.path)
            #expect(page.status == 422)
        }
        #expect(try await ada.api.get("/api/v1/auth/tokens").json["items"].array?.count == 0)
    }

    @Test func `another's token is not there, and who is nowhere makes none`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let browser = try await ada.browser()
        let foreign = try #require(try await eve.makeAccessToken([:]).json["id"].string)
        #expect(try await browser.submit("\(Self.path)/tokens/\(foreign)/delete", from: Self.path).status == 404)

        try await server.join(eve, to: ada.organizationID, as: .owner)
        let left = try await browser.submit("/organizations/\(ada.organizationID)/leave", from: Self.path)
        let nowhere = browser.after(left)
        let page = try await nowhere.get(Self.path)
        #expect(page.status == 200)
        #expect(!page.text.contains("action=\"/auth/profile/tokens\""))
        let fields = [("name", "x"), ("scopes", "devices:read"), ("lifetime", "30")]
        #expect(try await nowhere.submit(Self.path + "/tokens", fields, from: Self.path).status == 403)
    }

    // MARK: The second factor

    @Test func `an authenticator app is set up, and turned off`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        let path = Self.path + "/two-factor"
        let begun = try await browser.submit(path, [("password", Newcomer.password)], from: Self.path)
        #expect(begun.status == 201)
        #expect(begun.text.contains("<svg xmlns="))
        let text = try secret(in: begun, /Secret <code[^>]*>([A-Z2-7]+)</)
        let app = try Authenticator(base32: text)

        let wrong = try await browser.submit(path + "/confirm", [("code", "000000")], from: Self.path)
        #expect(wrong.status == 401)
        #expect(wrong.text.contains("id=\"confirm-code-error\">The code is wrong"))
        // Whoever finds the browser open is not shown the secret.
        #expect(!wrong.text.contains(text) && !wrong.text.contains("<svg"))
        #expect(try await !browser.get(Self.path).text.contains(text))

        let confirmed = try await browser.submit(path + "/confirm", [("code", app.first)], from: Self.path)
        #expect(confirmed.status == 200)
        let codes = confirmed.text.matches(of: /<li>([A-Z2-7]{4}(-[A-Z2-7]{4}){3})<\/li>/).map { String($0.1) }
        #expect(codes.count == 10)
        let later = try await browser.get(Self.path)
        #expect(later.text.contains("10 recovery codes are left") && !later.text.contains(codes[0]))
        #expect(try await ada.logIn().status == 202)

        let password = try await browser.submit(
            path + "/remove", [("password", "wrong horse battery"), ("code", codes[0])], from: Self.path)
        #expect(password.status == 401)
        #expect(password.text.contains("id=\"factor-password-error\">The password is wrong."))
        let code = try await browser.submit(
            path + "/remove", [("password", Newcomer.password), ("code", app.first)], from: Self.path)
        #expect(code.status == 401)
        #expect(code.text.contains("id=\"factor-code-error\">The code is wrong"))
        let response = try await browser.submit(
            path + "/remove", [("password", Newcomer.password), ("code", codes[0])], from: Self.path)
        #expect(try await browser.landing(response).text.contains("The second factor has been turned off."))
        #expect(try await ada.logIn().status == 200)
    }

    @Test func `the password is asked for, and order kept`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        let path = Self.path + "/two-factor"
        let wrong = try await browser.submit(path, [("password", "wrong horse battery")], from: Self.path)
        #expect(wrong.status == 401)
        #expect(wrong.text.contains("id=\"begin-password-error\">The password is wrong."))
        #expect(try await browser.submit(path + "/confirm", [("code", "000000")], from: Self.path).status == 409)
        let remove = try await browser.submit(path + "/remove", [("password", Newcomer.password)], from: Self.path)
        #expect(remove.status == 409)
        #expect(remove.text.contains("There is no second factor."))
        _ = try await ada.enableTwoFactor()
        let again = try await browser.submit(path, [("password", Newcomer.password)], from: Self.path)
        #expect(again.status == 409)
    }
}
