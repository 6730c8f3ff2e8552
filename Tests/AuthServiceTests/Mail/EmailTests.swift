import Foundation
import Identity
import Logging
import Outbound
import Postgres
import ServiceKit
import TestKit
import Testing

@testable import AuthService

@Suite struct EmailTests {
    private func verify(_ token: String, _ client: TestHTTPClient) async throws -> TestHTTPResponse {
        try await client.post("/api/v1/auth/verify-email", ["token": .string(token)])
    }

    private func isVerified(_ person: Newcomer) async throws -> Bool? {
        try await person.api.get("/api/v1/auth/me").json["is_email_verified"].bool
    }

    @Test func `a letter goes to who registers, and its answer verifies the address, once`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        #expect(try await isVerified(ada) == false)
        let token = try await server.letter(to: ada.email, saying: "lms_ver_").token("lms_ver_")
        #expect(try await verify(token, server.client()).status == 204)
        #expect(try await isVerified(ada) == true)
        #expect(try await verify(token, server.client()).status == 422)
        #expect(try await ada.api.post("/api/v1/auth/verify-email/resend").status == 409)
        let events = try await server.events(about: ada.id, count: 2)
        #expect(events.map(\.type) == ["user.registered", "user.updated"])
        #expect(try events.map { try $0.decode(JSONValue.self)["is_email_verified"] } == [false, true])
        #expect(try await server.events(of: ada).filter { $0 == "user.email_verified" }.count == 1)
    }

    @Test func `the letter is sent again, but not without end`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        var statuses: [Int] = []
        for _ in 0..<4 { statuses.append(try await ada.api.post("/api/v1/auth/verify-email/resend").status) }
        #expect(statuses == [202, 202, 202, 429])
        try await eventually { server.letters(to: ada.email).count == 4 }
        // Each is good; when one is answered the others are not any more.
        let tokens = try server.letters(to: ada.email).map { try $0.token("lms_ver_") }
        #expect(Set(tokens).count == 4)
        #expect(try await verify(tokens[3], ada.client).status == 204)
        #expect(try await verify(tokens[0], ada.client).status == 422)
    }

    @Test func `an old or foreign token verifies nothing`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let token = try await server.letter(to: ada.email, saying: "lms_ver_").token("lms_ver_")
        _ = try await server.query(
            "UPDATE auth.email_verifications SET expires_at = now() WHERE user_id = \(UUID(uuidString: ada.id))")
        for token in [token, "", "lms_ver_" + String(repeating: "A", count: 43)] {
            #expect(try await verify(token, ada.client).status == 422)
        }
        #expect(try await isVerified(ada) == false)
    }

    @Test func `another address takes the place of the old one when its letter is answered`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let new = AuthServer.newAddress()
        func change(to address: String, password: String = Newcomer.password) async throws -> Int {
            try await ada.api.post(
                "/api/v1/auth/change-email", ["email": .string(address), "password": .string(password)]
            ).status
        }
        #expect(try await change(to: new, password: "wrong horse") == 401)
        #expect(try await change(to: "x") == 422)
        #expect(try await change(to: new) == 202)
        #expect(try await ada.logIn().status == 200)
        #expect(
            try await ada.client.post("/api/v1/auth/forgot-password", ["email": .string(ada.email)]).status == 202)
        let reset = try await server.letter(to: ada.email, saying: "lms_pwd_").token("lms_pwd_")
        let token = try await server.letter(to: new, saying: "lms_ver_").token("lms_ver_")
        #expect(try await verify(token, ada.client).status == 204)
        #expect(try await ada.logIn().status == 401)
        let me = try await ada.api.get("/api/v1/auth/me").json
        #expect(me["email"].string == new)
        #expect(me["is_email_verified"] == true)
        #expect(
            try await server.letter(to: ada.email, saying: "Subject: Your e-mail address was changed").contains(new))
        // What was mailed to the old address is worth nothing any more.
        let refused = try await ada.client.post(
            "/api/v1/auth/reset-password", ["token": .string(reset), "new_password": "wholly other staple"])
        #expect(refused.status == 422)
    }

    @Test func `an address that somebody else has got meanwhile is not taken away`() async throws {
        let server = try await AuthServer.shared()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        let response = try await ada.api.post(
            "/api/v1/auth/change-email", ["email": .string(grace.email), "password": .string(Newcomer.password)])
        // That the address is taken is not told to who does not read its mail.
        #expect(response.status == 202)
        let letters = try await eventually { () -> [String]? in
            let letters = server.letters(to: grace.email)
            return letters.count == 2 ? letters : nil
        }
        let token = try letters[0].token("lms_ver_")
        #expect(try await verify(token, grace.client).status == 409)
        #expect(try await ada.logIn().status == 200)
    }

    @Test func `the page verifies at the press of its button, not before`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let token = try await server.letter(to: ada.email, saying: "lms_ver_").token("lms_ver_")
        let form = try await Browser(client: ada.client).form("/auth/verify-email?token=\(token)")
        #expect(form.page.text.contains("value=\"\(token)\""))
        #expect(try await isVerified(ada) == false)
        #expect(try await form.submit(["token": token]).text.contains("role=\"status\""))
        #expect(try await isVerified(ada) == true)
        let again = try await form.submit(["token": token])
        #expect(again.status == 422)
        #expect(again.text.contains("role=\"alert\""))
    }

    // MARK: Delivery

    /// A queue of its own, with one letter, which no instance works on.
    private func withQueue(
        letterTo address: String = "ada@example.org", _ body: @Sendable @escaping (MailQueue) async throws -> Void
    ) async throws {
        let database = try await AuthServer.makeDatabase()
        try await withClient(database.configuration(.auth)) { client in
            let queue = MailQueue(
                database: client, sealer: Sealer(keys: try KeyRing(database.encodedSecretKey)), wake: DeliveryWake())
            _ = try await client.query(
                queue.insert(.passwordChanged(of: try #require(EmailAddress(address)))), as: .platform)
            try await body(queue)
        }
    }

    @Test func `a letter is claimed by one, and by another when its claimant is gone`() async throws {
        try await withQueue { queue in
            #expect(try await queue.claim(limit: 10).count == 1)
            #expect(try await queue.claim(limit: 10).isEmpty)
            _ = try await queue.database.query("UPDATE auth.mail SET due_at = now()", as: .platform)
            let due = try #require(try await queue.claim(limit: 10).first)
            #expect(due.attempts == 2)
            #expect(due.letter?.to == "ada@example.org")
        }
    }

    @Test func `who tries the system out reads the letters in its log`() async throws {
        try await withQueue { queue in
            let log = LetterLog()
            let folder = FileManager.default.temporaryDirectory.appending(path: "lms-mail-\(UUID().uuidString)").path
            let delivery = MailDelivery(
                queue: queue, mailer: Mailer(.folder(folder)), sender: MailAddress(address: "a@b"), logger: log.logger)
            await delivery.deliver(try #require(try await queue.claim(limit: 1).first))
            let lines = log.lines
            #expect(lines.count == 1)
            let line = try #require(lines.first)
            #expect(line["to"] == "ada@example.org")
            #expect(line["subject"] == "Your password was changed")
            #expect(line["text"]?.contains("The password of the account ada@example.org was changed") == true)
            #expect(FileManager.default.fileExists(atPath: try #require(line["file"])))
        }
    }

    private func delivery(of queue: MailQueue, by server: MailServer) -> MailDelivery {
        var logger = Logger(label: "mail")
        logger.logLevel = .critical
        return MailDelivery(
            queue: queue,
            mailer: Mailer(.smtp(SMTPServer(host: "127.0.0.1", port: server.port, security: .startTLS))),
            sender: MailAddress(address: "no-reply@lab.example"), logger: logger)
    }

    @Test func `what the server does not take now is tried again for a day`() async throws {
        let server = try await MailServer.start()
        try await withQueue(letterTo: "busy@example.org") { queue in
            let delivery = delivery(of: queue, by: server)
            let before = Timestamp.now
            await delivery.deliver(try #require(try await queue.claim(limit: 1).first))
            let due = try await queue.database.query("SELECT due_at FROM auth.mail", as: .platform).first
            // A claim alone would leave it for longer.
            let wait = try #require(due).decode(Timestamp.self).since(before)
            #expect(wait > .seconds(2) && wait < .seconds(60))
            _ = try await queue.database.query(
                "UPDATE auth.mail SET due_at = now(), created_at = now() - interval '25 hours'", as: .platform)
            await delivery.deliver(try #require(try await queue.claim(limit: 1).first))
            #expect(try await queue.database.query("SELECT 1 FROM auth.mail", as: .platform).isEmpty)
        }
        #expect(try server.letters().isEmpty)
        try await server.stop()
    }

    @Test func `what the server never takes is given up at once`() async throws {
        let server = try await MailServer.start()
        try await withQueue(letterTo: "nobody@example.org") { queue in
            await delivery(of: queue, by: server).deliver(try #require(try await queue.claim(limit: 1).first))
            #expect(try await queue.database.query("SELECT 1 FROM auth.mail", as: .platform).isEmpty)
        }
        // It was refused and not taken, else it would be out of the queue as well.
        #expect(try server.letters().isEmpty)
        try await server.stop()
    }
}
