import Foundation
import TestKit
import Testing

@testable import AuthService

/// A second factor that is in force, on the profile: another device in its place, and other recovery codes.
@Suite struct ProfileFactorTests {
    private static let path = "/auth/profile"
    private static let form = "/auth/profile/two-factor"

    private func recoveryCodes(in page: TestHTTPResponse) -> [String] {
        page.text.matches(of: /<li>([A-Z2-7]{4}(-[A-Z2-7]{4}){3})<\/li>/).map { String($0.1) }
    }

    private func submit(
        _ browser: Browser, _ code: String, password: String = Newcomer.password, to path: String = form
    ) async throws -> TestHTTPResponse {
        try await browser.submit(path, [("password", password), ("code", code)], from: Self.path)
    }

    // MARK: Another device

    @Test func `another device takes the place of the one before when it has shown a code`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await ada.browser()
        let (old, oldCodes) = try await ada.enableTwoFactor()
        let begun = try await submit(browser, oldCodes[0])
        #expect(begun.status == 201)
        #expect(begun.header("cache-control") == "no-store")
        #expect(begun.text.contains("<svg xmlns=") && !begun.text.contains("id=\"begin-code\""))
        let secret = String(try #require(begun.text.firstMatch(of: /Secret <code[^>]*>([A-Z2-7]+)</)).1)
        let new = try Authenticator(base32: secret)

        let wrong = try await browser.submit(Self.form + "/confirm", [("code", "000000")], from: Self.path)
        #expect(wrong.status == 401)
        #expect(wrong.text.contains("id=\"confirm-code-error\">The code is wrong"))
        #expect(!wrong.text.contains(secret) && !wrong.text.contains("<svg"))
        // It can be gone on with later, and begun again.
        let meanwhile = try await browser.get(Self.path)
        #expect(meanwhile.text.contains("id=\"confirm-code\"") && meanwhile.text.contains("id=\"begin-code\""))
        #expect(!meanwhile.text.contains(secret))
        #expect(try await ada.answer(try await ada.challenge(), old.next()).status == 200)

        let confirmed = try await browser.submit(Self.form + "/confirm", [("code", new.first)], from: Self.path)
        #expect(confirmed.status == 200)
        #expect(confirmed.header("cache-control") == "no-store")
        let newCodes = recoveryCodes(in: confirmed)
        #expect(newCodes.count == 10 && Set(newCodes).isDisjoint(with: oldCodes))
        let later = try await browser.get(Self.path)
        #expect(later.text.contains("10 recovery codes are left"))
        #expect(!later.text.contains(newCodes[0]) && !later.text.contains("id=\"confirm-code\""))
        #expect(try await ada.answer(try await ada.challenge(), oldCodes[1]).status == 401)
        #expect(try await ada.answer(try await ada.challenge(), new.next()).status == 200)
        #expect(try await server.events(of: ada).contains("two_factor.replaced"))
    }

    @Test func `another device asks for the password and a code`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        #expect(try await !browser.get(Self.path).text.contains("id=\"begin-code\""))
        let (app, codes) = try await ada.enableTwoFactor()
        let password = try await submit(browser, codes[0], password: "wrong horse battery")
        #expect(password.status == 401)
        #expect(password.text.contains("id=\"begin-password-error\">The password is wrong."))
        #expect(!password.text.contains("wrong horse battery"))
        // The code that has put the factor in force is used.
        for code in ["000000", "", app.first] {
            let wrong = try await submit(browser, code)
            #expect(wrong.status == 401)
            #expect(wrong.text.contains("id=\"begin-code-error\">The code is wrong, or was used before."))
            #expect(!wrong.text.contains("<svg") && !wrong.text.contains("id=\"confirm-code\""))
        }
        // A page from before there was a factor has no field for its code.
        let stale = try await browser.submit(Self.form, [("password", Newcomer.password)], from: Self.path)
        #expect(stale.status == 409)
        #expect(stale.text.contains("There is a second factor already."))
        // The wrong password has used up no recovery code.
        #expect(try await submit(browser, codes[0]).status == 201)
        #expect(try await submit(browser, codes[0]).status == 401)
    }

    // MARK: Recovery codes

    @Test func `other recovery codes are shown once, and those before are void`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await ada.browser()
        let path = Self.form + "/recovery-codes"
        let none = try await submit(browser, "000000", to: path)
        #expect(none.status == 409)
        #expect(none.text.contains("There is no second factor."))
        let (app, old) = try await ada.enableTwoFactor()
        let password = try await submit(browser, old[0], password: "wrong horse battery", to: path)
        #expect(password.status == 401)
        #expect(password.text.contains("id=\"codes-password-error\">The password is wrong."))
        let code = try await submit(browser, "000000", to: path)
        #expect(code.status == 401)
        #expect(code.text.contains("id=\"codes-code-error\">The code is wrong"))
        #expect(recoveryCodes(in: code).isEmpty)

        let renewed = try await submit(browser, app.next(), to: path)
        #expect(renewed.status == 200)
        #expect(renewed.header("cache-control") == "no-store")
        let new = recoveryCodes(in: renewed)
        #expect(new.count == 10 && Set(new).isDisjoint(with: old))
        let later = try await browser.get(Self.path)
        #expect(later.text.contains("10 recovery codes are left") && !later.text.contains(new[0]))
        #expect(try await ada.answer(try await ada.challenge(), old[0]).status == 401)
        #expect(try await ada.answer(try await ada.challenge(), new[0]).status == 200)
        #expect(try await server.events(of: ada).contains("two_factor.recovery_codes_renewed"))
    }

    @Test(arguments: ["", "/recovery-codes"])
    func `codes are not guessed without end`(at path: String) async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = try await ada.browser()
        let (app, _) = try await ada.enableTwoFactor()
        for _ in 0..<5 { #expect(try await submit(browser, "000000", to: Self.form + path).status == 401) }
        let refused = try await submit(browser, app.next(), to: Self.form + path)
        #expect(refused.status == 429)
        #expect(refused.header("retry-after") != nil)
        #expect(refused.text.contains("There were too many attempts"))
        #expect(recoveryCodes(in: refused).isEmpty && !refused.text.contains("<svg"))
    }
}
