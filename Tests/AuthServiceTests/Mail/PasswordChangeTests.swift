import Foundation
import TestKit
import Testing

@testable import AuthService

@Suite struct PasswordChangeTests {
    private static let new = "wholly other staple"

    private func change(_ person: Newcomer, from current: String, to new: String) async throws -> TestHTTPResponse {
        try await person.api.post(
            "/api/v1/auth/change-password", ["current_password": .string(current), "new_password": .string(new)])
    }

    private func forgot(_ email: String, _ client: TestHTTPClient) async throws -> TestHTTPResponse {
        try await client.post("/api/v1/auth/forgot-password", ["email": .string(email)])
    }

    private func reset(_ token: String, to new: String, _ client: TestHTTPClient) async throws -> TestHTTPResponse {
        try await client.post(
            "/api/v1/auth/reset-password", ["token": .string(token), "new_password": .string(new)])
    }

    // MARK: Changing

    @Test func `a changed password ends every other session, and a letter tells of it`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let other = try #require(try await ada.logIn().json["access_token"].string)
        let elsewhere = try await AuthServer.start(on: server.database).client().authorized(other)
        #expect(try await elsewhere.get("/api/v1/auth/me").status == 200)

        #expect(try await change(ada, from: Newcomer.password, to: Self.new).status == 204)
        try await eventually(within: .seconds(1)) { try await elsewhere.get("/api/v1/auth/me").status == 401 }
        #expect(try await ada.api.get("/api/v1/auth/me").status == 200)
        #expect(try await ada.refresh(ada.refreshToken).status == 200)
        #expect(try await ada.logIn().status == 401)
        #expect(try await ada.logIn(password: Self.new).status == 200)
        _ = try await server.letter(to: ada.email, saying: "Subject: Your password was changed")
        let audit = try await server.query(
            "SELECT 1 FROM core.events WHERE entity_id = \(UUID(uuidString: ada.id)) AND event_type = 'user.password_changed'"
        )
        #expect(audit.count == 1)
    }

    @Test func `it takes the present password, and one that is good enough`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        #expect(try await change(ada, from: "wrong horse", to: Self.new).status == 401)
        for (password, status) in [
            ("1234567", 422), ("12345678", 422), (String(repeating: "x", count: 73), 422),
            (String(repeating: "x", count: 72), 204),
        ] {
            let response = try await change(ada, from: Newcomer.password, to: password)
            #expect(response.status == status)
            if status == 422 { #expect(response.json["errors"][0]["field"] == "new_password") }
        }
        let token = try await ada.accessToken([.init(.profile, .write)])
        let byToken = try await token.post(
            "/api/v1/auth/change-password", ["current_password": "x", "new_password": .string(Self.new)])
        #expect(byToken.status == 403)
    }

    @Test func `who has shown the old password does not go on with the second factor`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let (app, _) = try await ada.enableTwoFactor()
        let challenge = try await ada.challenge()
        #expect(try await change(ada, from: Newcomer.password, to: Self.new).status == 204)
        #expect(try await ada.answer(challenge, app.next()).status == 401)
        let after = try await ada.logIn(password: Self.new).json["challenge"]
        #expect(try await ada.answer(try #require(after.string), app.next()).status == 200)
    }

    @Test func `what is under way with the old password comes to nothing`() async throws {
        let server = try await AuthServer.shared()
        let ways: [@Sendable (Newcomer) async throws -> Int] = [
            { try await $0.logIn().status },
            {
                try await $0.api.post(
                    "/api/v1/auth/change-password",
                    ["current_password": .string(Newcomer.password), "new_password": .string(Self.new)]
                ).status
            },
        ]
        for (way, hasFactor) in [(ways[0], false), (ways[0], true), (ways[1], false)] {
            let ada = try await server.newcomer()
            if hasFactor { _ = try await ada.enableTwoFactor() }
            let id = UUID(uuidString: ada.id)
            let hash = try BCrypt.hash("set meanwhile", cost: 4)
            let status = try await server.during(
                "SELECT 1 FROM auth.users WHERE id = \(id) FOR NO KEY UPDATE",
                "UPDATE auth.credentials SET password_hash = \(hash) WHERE user_id = \(id)"
            ) { try await way(ada) }
            #expect(status == 401)
            let left = try await server.query(
                """
                SELECT 1 FROM auth.sign_in_challenges WHERE user_id = \(id)
                UNION ALL SELECT 1 FROM auth.credentials WHERE user_id = \(id) AND password_hash <> \(hash)
                """)
            #expect(left.isEmpty)
            let sessions = try await server.query("SELECT 1 FROM auth.sessions WHERE user_id = \(id)")
            #expect(sessions.count == 1, "that of the registration")
        }
    }

    // MARK: Forgetting

    @Test func `who reads the letter sets another password, once, and is signed out everywhere`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        #expect(try await forgot(ada.email.uppercased(), ada.client).status == 202)
        let letter = try await server.letter(to: ada.email, saying: "lms_pwd_")
        #expect(letter.contains("\(AuthServer.publicURL)/auth/reset-password?token=lms_pwd_"))
        let token = try letter.token("lms_pwd_")

        #expect(try await reset(token, to: "12345678", ada.client).status == 422)
        #expect(try await reset(token, to: Self.new, ada.client).status == 204)
        #expect(try await ada.api.get("/api/v1/auth/me").status == 401)
        #expect(try await ada.refresh(ada.refreshToken).status == 401)
        let login = try await ada.logIn(password: Self.new)
        #expect(login.json["user"]["is_email_verified"] == true)
        let updated = try await server.events(about: ada.id, count: 2)
        #expect(updated.map(\.type) == ["user.registered", "user.updated"])
        #expect(try updated[1].decode(JSONValue.self)["is_email_verified"] == true)
        let again = try await reset(token, to: "another new one", ada.client)
        #expect(again.status == 422)
        #expect(again.json["errors"][0]["field"] == "token")
        #expect(try await server.events(of: ada).filter { $0 == "user.password_reset" }.count == 1)
        _ = try await server.letter(to: ada.email, saying: "Subject: Your password was changed")
    }

    @Test func `a token that is foreign, too old or of a changed password is refused`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        for token in ["", "x", "lms_pwd_" + String(repeating: "A", count: 43), ada.refreshToken] {
            #expect(try await reset(token, to: Self.new, ada.client).status == 422)
        }
        #expect(try await forgot(ada.email, ada.client).status == 202)
        let old = try await server.letter(to: ada.email, saying: "lms_pwd_").token("lms_pwd_")
        _ = try await server.query(
            "UPDATE auth.password_resets SET expires_at = now() WHERE user_id = \(UUID(uuidString: ada.id))")
        #expect(try await reset(old, to: Self.new, ada.client).status == 422)

        let grace = try await server.newcomer()
        #expect(try await forgot(grace.email, grace.client).status == 202)
        let token = try await server.letter(to: grace.email, saying: "lms_pwd_").token("lms_pwd_")
        #expect(try await change(grace, from: Newcomer.password, to: Self.new).status == 204)
        #expect(try await reset(token, to: "another new one", grace.client).status == 422)
    }

    @Test func `strangers learn nothing, and nothing is sent where there is no account`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let nobody = AuthServer.newAddress()
        let answers = [
            try await forgot(ada.email, ada.client), try await forgot(nobody, ada.client),
            try await forgot("no address", ada.client),
        ]
        #expect(answers.allSatisfy { $0.status == 202 && $0.text.isEmpty })
        _ = try await server.letter(to: ada.email, saying: "lms_pwd_")
        // What was asked for nobody was written as well, and has been thrown away by now.
        try await server.mailIsSent()
        #expect(server.letters(to: nobody).isEmpty)
        // Whether there is an account or not, the fourth letter within a quarter of an hour is one too many.
        for address in [ada.email, nobody] {
            var statuses: [Int] = []
            for _ in 0..<3 { statuses.append(try await forgot(address, server.client()).status) }
            #expect(statuses == [202, 202, 429])
        }
    }

    @Test func `from one network address ten letters a minute are asked for, whomever they are for`() async throws {
        let server = try await AuthServer.shared()
        let client = server.client()
        let start = ContinuousClock.now
        var count = 0
        var response = try await forgot(AuthServer.newAddress(), client)
        while response.status == 202, count < 100 {
            count += 1
            response = try await forgot(AuthServer.newAddress(), client)
        }
        #expect(response.status == 429, "\(response)")
        // Another one fits every six seconds, of which a slow machine has taken some by then.
        #expect((10...10 + Int(start.duration(to: .now) / .seconds(6))).contains(count))
        #expect((1...6).contains(response.header("retry-after").flatMap { Int($0) } ?? 0))
        #expect(try await forgot(AuthServer.newAddress(), server.client()).status == 202)
    }

    // MARK: Pages

    @Test func `without a program one forgets and sets a password, too`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = Browser(client: ada.client)
        #expect(try await browser.get("/auth/login").text.contains("href=\"/auth/forgot-password\""))
        let sent = try await browser.form("/auth/forgot-password").submit(["email": ada.email])
        #expect(sent.status == 200)
        #expect(sent.text.contains("role=\"status\""))
        let letter = try await server.letter(to: ada.email, saying: "lms_pwd_")
        let path = "/auth/reset-password?token=" + (try letter.token("lms_pwd_"))
        let form = try await browser.form(path)
        let token = try letter.token("lms_pwd_")
        let short = try await form.submit(["token": token, "password": "short"])
        #expect(short.status == 422)
        #expect(short.text.contains("aria-invalid=\"true\""))
        let set = try await form.submit(["token": token, "password": Self.new])
        #expect(set.status == 303)
        let login = try await browser.get(try #require(set.header("location")))
        #expect(login.text.contains("The password is set."))
        #expect(try await ada.logIn(password: Self.new).status == 200)
        let again = try await form.submit(["token": token, "password": Self.new])
        #expect(again.status == 422)
        #expect(again.text.contains("is not valid (any more)"))
    }
}
