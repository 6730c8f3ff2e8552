import Foundation
import TestKit
import Testing

@testable import AuthService

@Suite struct ProfileCredentialTests {
    private static let path = "/auth/profile"

    @Test func `the password is changed, and this browser stays signed in`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let (here, there) = (try await ada.browser(), try await ada.browser())
        let form = Self.path + "/password"
        let wrong = try await here.submit(
            form, [("password", "wrong horse"), ("new_password", "wholly other staple")], from: Self.path)
        #expect(wrong.status == 401)
        #expect(wrong.text.contains("id=\"current-password-error\">The password is wrong."))
        #expect(!wrong.text.contains("wholly other staple"))
        let short = try await here.submit(
            form, [("password", Newcomer.password), ("new_password", "short")], from: Self.path)
        #expect(short.status == 422)
        #expect(short.text.contains("id=\"new-password-error\">The new password must have at least 8 characters."))
        let changed = try await here.submit(
            form, [("password", Newcomer.password), ("new_password", "wholly other staple")], from: Self.path)
        #expect(try await here.landing(changed).text.contains("Your password has been changed"))
        #expect(try await there.get(Self.path).status == 303)
        #expect(try await ada.logIn(password: "wholly other staple").status == 200)
    }

    @Test func `the address is confirmed, and changed by way of a letter`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await ada.browser()
        let page = try await browser.get(Self.path)
        #expect(page.text.contains("not confirmed"))
        let again = try await browser.submit(Self.path + "/verify-email", from: Self.path)
        #expect(try await browser.landing(again).text.contains("A letter with a link is on its way."))
        try await server.mailIsSent()
        #expect(server.letters(to: ada.email).count == 2)

        let new = AuthServer.newAddress()
        let form = Self.path + "/email"
        let bad = try await browser.submit(form, [("email", "x"), ("password", Newcomer.password)], from: Self.path)
        #expect(bad.status == 422)
        #expect(bad.text.contains("id=\"new-email-error\">The address must be an e-mail address"))
        let wrong = try await browser.submit(form, [("email", new), ("password", "wrong")], from: Self.path)
        #expect(wrong.status == 401)
        #expect(wrong.text.contains("value=\"\(new)\""))
        let sent = try await browser.submit(form, [("email", new), ("password", Newcomer.password)], from: Self.path)
        #expect(sent.status == 303)
        let token = try await server.letter(to: new, saying: "lms_ver_").token("lms_ver_")
        let confirmed = try await browser.form("/auth/verify-email?token=\(token)").submit(
            ["token": token], headers: ["sec-fetch-site": "same-origin"])
        #expect(confirmed.status == 200)
        let after = try await browser.get(Self.path)
        #expect(after.text.contains(new) && !after.text.contains("not confirmed"))
    }
}
