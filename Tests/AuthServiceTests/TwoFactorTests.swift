import Foundation
import Postgres
import TestKit
import Testing

@testable import AuthService

/// RFC 4226 appendix D and RFC 6238 appendix B, whose codes have eight digits: the last six are those of six.
@Suite struct TimeBasedCodeTests {
    private let code = TimeBasedCode(secret: Array("12345678901234567890".utf8))

    @Test(
        arguments: zip(
            0..<10,
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]))
    func `codes of the first steps are those of RFC 4226`(step: Int, expected: String) {
        #expect(code.code(at: Int64(step)) == expected)
    }

    @Test(
        arguments: [
            (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
            (2_000_000_000, "279037"), (20_000_000_000, "353130"),
        ] as [(Int64, String)])
    func `codes of these times are those of RFC 6238`(second: Int64, expected: String) {
        let time = Timestamp(microseconds: second * 1_000_000)
        #expect(code.code(at: TimeBasedCode.step(at: time)) == expected)
    }

    @Test func `a code is taken half a minute early and late, and with a space in it`() {
        let time = Timestamp(microseconds: 3_000_000_000)
        for offset in -3...3 as ClosedRange<Int64> {
            let step = code.step(of: code.code(at: 100 + offset), at: time)
            #expect(step == (abs(offset) <= 1 ? 100 + offset : nil))
        }
        let text = code.code(at: 100)
        #expect(code.step(of: " \(text.prefix(3)) \(text.suffix(3))", at: time) == 100)
        #expect(code.step(of: "", at: time) == nil)
    }

    @Test func `Base32 is that of RFC 4648`() {
        for (text, encoded) in [
            ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI"),
        ] {
            #expect(Base32.encode(text.utf8) == encoded)
        }
    }

    @Test func `a recovery code is read in any case and grouping`() throws {
        let code = RecoveryCode()
        #expect(code.text.split(separator: "-").map(\.count) == [4, 4, 4, 4])
        #expect(RecoveryCode(" " + code.text.lowercased().replacing("-", with: " ")) == code)
        for text in ["", String(code.text.dropLast()), code.text + "A", "0" + code.text.dropFirst()] {
            #expect(RecoveryCode(text) == nil, "\(text)")
        }
    }
}

@Suite struct TwoFactorTests {
    @Test func `who has a second factor shows it to sign in`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        #expect(try await ada.api.get("/api/v1/auth/two-factor").json["is_enabled"] == false)
        let (code, recoveryCodes) = try await ada.enableTwoFactor()
        let state = try await ada.api.get("/api/v1/auth/two-factor").json
        #expect(state["is_enabled"] == true)
        #expect(state["recovery_codes_left"] == 10)
        #expect(Set(recoveryCodes).count == 10)

        let first = try await ada.logIn()
        #expect(first.status == 202)
        #expect(first.json["access_token"].isNull)
        let challenge = try #require(first.json["challenge"].string)
        let second = try await ada.answer(challenge, code.next())
        #expect(second.status == 200)
        let token = try #require(second.json["access_token"].string)
        #expect(try await ada.client.authorized(token).get("/api/v1/auth/me").status == 200)
        // A challenge is answered once.
        #expect(try await ada.answer(challenge, recoveryCodes[0]).status == 401)
    }

    @Test func `a code is taken once, and so is a recovery code`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let (code, recoveryCodes) = try await ada.enableTwoFactor()
        // The code that confirmed the factor is used.
        #expect(try await ada.answer(try await ada.challenge(), code.first).status == 401)
        #expect(try await ada.answer(try await ada.challenge(), recoveryCodes[0].lowercased()).status == 200)
        #expect(try await ada.answer(try await ada.challenge(), recoveryCodes[0]).status == 401)
        #expect(try await ada.api.get("/api/v1/auth/two-factor").json["recovery_codes_left"] == 9)
        let history = try await server.events(of: ada)
        #expect(history.contains("two_factor.enabled") && history.contains("two_factor.recovery_code_used"))
    }

    @Test func `guessing ends the challenge and is slowed down`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        _ = try await ada.enableTwoFactor()
        let challenge = try await ada.challenge()
        var statuses: [Int] = []
        for _ in 0..<7 { statuses.append(try await ada.answer(challenge, "000000").status) }
        #expect(statuses.prefix(5) == [401, 401, 401, 401, 401])
        #expect(Set(statuses.suffix(2)) == [401])
        #expect(try await ada.answer(try await ada.challenge(), "000000").status == 429)
    }

    @Test func `guessing at once does not get around the limits`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let path = "/api/v1/auth/two-factor"
        _ = try await ada.api.post(path, ["password": .string(Newcomer.password)])
        let confirming = try await guesses { _ in
            try await ada.api.post(path + "/confirm", ["code": "000000"])
        }
        #expect(Set(confirming.statuses).isSubset(of: [401, 429]))
        #expect(confirming.wrong <= confirming.mostThatFit)

        let grace = try await AuthServer.shared().newcomer()
        _ = try await grace.enableTwoFactor()
        var challenges: [String] = []
        for _ in 0..<5 { challenges.append(try await grace.challenge()) }
        let answering = try await guesses { [challenges] number in
            try await grace.answer(challenges[number % challenges.count], "000000")
        }
        #expect(Set(answering.statuses).isSubset(of: [401, 429]))
        #expect(answering.wrong <= answering.mostThatFit)
    }

    @Test func `a challenge lets five codes be looked at, however many come at once`() async throws {
        // Without Redis each instance counts for itself: what is left is the challenge's own count.
        let database = try await AuthServer.makeDatabase()
        let first = try await AuthServer.start(on: database, redisURL: "redis://127.0.0.1:9/0")
        let second = try await AuthServer.start(on: database, redisURL: "redis://127.0.0.1:9/0")
        let ada = try await first.newcomer()
        _ = try await ada.enableTwoFactor()
        let challenge = try await ada.challenge()
        let answers = try await guesses { number in
            let client = number.isMultiple(of: 2) ? ada.client : second.client()
            return try await client.post(
                "/api/v1/auth/two-factor/challenge", ["challenge": .string(challenge), "code": "000000"])
        }
        #expect(answers.wrong <= ChallengeStore.maximumFailures)
    }

    /// Fifty requests at once.
    private func guesses(
        _ guess: @escaping @Sendable (Int) async throws -> TestHTTPResponse
    ) async throws -> (statuses: [Int], wrong: Int, mostThatFit: Int) {
        let start = ContinuousClock.now
        let answers = try await withThrowingTaskGroup(of: TestHTTPResponse.self) { group in
            for number in 0..<50 { group.addTask { try await guess(number) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let wrong = answers.filter { $0.json["detail"].string?.hasPrefix("The code is wrong") == true }.count
        // One more fits every twelve seconds.
        return (answers.map(\.status), wrong, 5 + Int(start.duration(to: .now) / .seconds(12)))
    }

    @Test func `turning it on and off asks for the password, and for a code`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let path = "/api/v1/auth/two-factor"
        #expect(try await ada.api.post(path, ["password": "wrong horse battery"]).status == 401)
        #expect(try await ada.api.post(path + "/confirm", ["code": "000000"]).status == 409)
        #expect(try await ada.delete(path, ["password": .string(Newcomer.password)]).status == 409)
        let (code, recoveryCodes) = try await ada.enableTwoFactor()
        #expect(try await ada.api.post(path, ["password": .string(Newcomer.password)]).status == 409)
        #expect(try await ada.api.post(path + "/confirm", ["code": .string(code.next())]).status == 409)
        #expect(try await ada.delete(path, ["password": .string(Newcomer.password)]).status == 401)
        #expect(
            try await ada.delete(path, ["password": "wrong horse battery", "code": .string(code.next())]).status == 401)
        #expect(
            try await ada.delete(
                path, ["password": .string(Newcomer.password), "code": .string(recoveryCodes[0])]
            ).status == 204)
        #expect(try await ada.logIn().status == 200)
        #expect(try await server.events(of: ada).filter { $0 == "two_factor.disabled" }.count == 1)
    }

    @Test func `a factor is replaced with a code of it, and stays in force until the other is confirmed`() async throws
    {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let path = "/api/v1/auth/two-factor"
        let (old, oldCodes) = try await ada.enableTwoFactor()
        func begin(_ code: String) async throws -> TestHTTPResponse {
            try await ada.api.post(path, ["password": .string(Newcomer.password), "code": .string(code)])
        }
        #expect(try await begin("000000").status == 401)
        let begun = try await begin(oldCodes[0])
        #expect(begun.status == 201)
        #expect(begun.header("cache-control") == "no-store")
        let new = try Authenticator(base32: try #require(begun.json["secret"].string))
        #expect(try await ada.api.post(path + "/confirm", ["code": "000000"]).status == 401)
        #expect(try await ada.answer(try await ada.challenge(), old.next()).status == 200)

        let confirmed = try await ada.api.post(path + "/confirm", ["code": .string(new.first)])
        #expect(confirmed.status == 200)
        let newCodes = (confirmed.json["recovery_codes"].array ?? []).compactMap(\.string)
        #expect(newCodes.count == 10 && Set(newCodes).isDisjoint(with: oldCodes))
        #expect(try await ada.api.get(path).json["recovery_codes_left"] == 10)
        #expect(try await ada.answer(try await ada.challenge(), oldCodes[1]).status == 401)
        #expect(try await ada.answer(try await ada.challenge(), new.next()).status == 200)
        #expect(try await ada.answer(try await ada.challenge(), newCodes[0]).status == 200)
        #expect(try await ada.api.post(path + "/confirm", ["code": .string(new.next())]).status == 409)
        #expect(try await server.events(of: ada).contains("two_factor.replaced"))
    }

    @Test func `other recovery codes take the place of those before`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let path = "/api/v1/auth/two-factor/recovery-codes"
        func renew(_ code: String, password: String = Newcomer.password) async throws -> TestHTTPResponse {
            try await ada.api.post(path, ["password": .string(password), "code": .string(code)])
        }
        #expect(try await renew("000000").status == 409)
        let (app, old) = try await ada.enableTwoFactor()
        #expect(try await renew(old[0], password: "wrong horse").status == 401)
        #expect(try await renew("000000").status == 401)
        let answer = try await renew(app.next())
        #expect(answer.status == 200)
        #expect(answer.header("cache-control") == "no-store")
        let new = (answer.json["recovery_codes"].array ?? []).compactMap(\.string)
        #expect(new.count == 10 && Set(new).isDisjoint(with: old))
        #expect(try await ada.answer(try await ada.challenge(), old[0]).status == 401)
        #expect(try await ada.answer(try await ada.challenge(), new[0]).status == 200)
        #expect(try await server.events(of: ada).contains("two_factor.recovery_codes_renewed"))
    }

    @Test func `an unconfirmed factor is not asked for`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let path = "/api/v1/auth/two-factor"
        let enrolment = try await ada.api.post(path, ["password": .string(Newcomer.password)])
        #expect(enrolment.status == 201)
        #expect(enrolment.header("cache-control") == "no-store")
        let secret = try #require(enrolment.json["secret"].string)
        #expect(enrolment.json["otpauth_url"].string?.contains("secret=\(secret)&") == true)
        #expect(enrolment.json["qr_code"].string?.hasPrefix("<svg ") == true)
        #expect(try await ada.api.post(path + "/confirm", ["code": "000000"]).status == 401)
        #expect(try await ada.logIn().status == 200)
        // Beginning again replaces the secret.
        let again = try await ada.api.post(path, ["password": .string(Newcomer.password)])
        #expect(again.json["secret"].string != secret)
    }

    @Test func `a challenge ends by itself`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let (code, _) = try await ada.enableTwoFactor()
        let challenge = try await ada.challenge()
        _ = try await server.query(
            "UPDATE auth.sign_in_challenges SET expires_at = now() WHERE user_id = \(UUID(uuidString: ada.id))")
        #expect(try await ada.answer(challenge, code.next()).status == 401)
        for text in ["", "lms_2fa_", ada.accessToken] { #expect(try await ada.answer(text, code.next()).status == 401) }
    }

    @Test func `the pages ask for the second factor too`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let (code, _) = try await ada.enableTwoFactor()
        let form = try await Browser(client: ada.client).form("/auth/login")
        let asked = try await form.submit(["email": ada.email, "password": Newcomer.password, "next": "/devices"])
        #expect(asked.status == 200)
        #expect(asked.cookie("session_token") == nil)
        let challenge = String(try #require(asked.text.firstMatch(of: /name="challenge" value="([^"]+)"/)).1)
        let wrong = try await form.submit(to: "/auth/two-factor", ["challenge": challenge, "code": "000000"])
        #expect(wrong.status == 401)
        #expect(wrong.text.contains("The code is wrong"))
        let right = try await form.submit(
            to: "/auth/two-factor", ["challenge": challenge, "code": code.next(), "next": "/devices"])
        #expect(right.status == 303)
        #expect(right.header("location") == "/devices")
        #expect(right.cookie("session_token") != nil)
    }
}
