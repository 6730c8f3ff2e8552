import Foundation
import TestKit
import Testing

@testable import Outbound

/// The mailer before a real server.
@Suite struct MailerTests {
    private func message(to recipient: String = "grace@example.org", text: String = "Hello\n") -> MailMessage {
        MailMessage(
            from: MailAddress(name: "LMS Core", address: "no-reply@lab.example"), to: MailAddress(address: recipient),
            subject: "Choose a new password", text: text, id: "0199-abc",
            date: Date(timeIntervalSince1970: 1_764_000_000)
        )
    }

    private func mailer(
        _ port: Int, security: SMTPServer.Security = .startTLS, user: String? = nil, password: String? = nil,
        authorities: String? = nil
    ) -> Mailer {
        Mailer(
            .smtp(
                SMTPServer(
                    host: "127.0.0.1", port: port, security: security, user: user, password: password,
                    authorities: authorities)))
    }

    private func failure(_ body: () async throws -> Void) async -> MailError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? MailError
        }
    }

    @Test func `a letter arrives as it was written`() async throws {
        let server = try await MailServer.start()
        let text = "Grüße aus dem Labor\n\n.ein Punkt am Anfang\n\(String(repeating: "lang ", count: 300))\n= 100 %\n"
        var letter = message(text: text)
        letter.from.name = "Labor „Süd“"
        letter.subject = "Ada lädt Sie ein: " + String(repeating: "Überlänge ", count: 12)
        try await mailer(server.port).send(letter)
        let taken = try #require(try server.letters().first)
        #expect(taken.sender == "no-reply@lab.example")
        #expect(taken.recipients == ["grace@example.org"])
        #expect(taken.headerFrom == "Labor „Süd“ <no-reply@lab.example>")
        #expect(taken.subject == letter.subject)
        #expect(taken.id == "<0199-abc@lab.example>")
        #expect(taken.date == "2025-11-24T16:00:00+00:00")
        #expect(taken.text == text)
        #expect(!taken.isSecure)
        try await server.stop()
    }

    @Test func `a letter in two forms arrives as both`() async throws {
        let server = try await MailServer.start()
        var letter = message(text: "31,5 °C > 30\n--=_0199-abc--\n")
        letter.html = "<p>31,5 °C &gt; 30</p>\n<p>--=_0199-abc--</p>\n"
        let reply = try await mailer(server.port).send(letter)
        #expect(reply == MailReply(code: 250, text: "taken"))
        let taken = try #require(try server.letters().first)
        #expect(taken.text == letter.text)
        #expect(taken.html == letter.html)
        try await server.stop()
    }

    @Test func `what the server refuses for good is told from what it refuses for now`() async throws {
        let server = try await MailServer.start()
        let mailer = mailer(server.port)
        let unknown = await failure { try await mailer.send(message(to: "nobody@example.org")) }
        #expect(
            unknown
                == MailError(
                    reason: "the mail server answered 550 there is no such mailbox", isPermanent: true,
                    reply: MailReply(code: 550, text: "there is no such mailbox")))
        let busy = await failure { try await mailer.send(message(to: "busy@example.org")) }
        #expect(
            busy
                == MailError(
                    reason: "the mail server answered 451 come again later", isPermanent: false,
                    reply: MailReply(code: 451, text: "come again later")))
        let closed = await failure { try await mailer.send(message(to: "closed@example.org")) }
        #expect(closed?.reply?.code == 421)
        #expect(closed?.isPermanent == false)
        // Within the letter, and behind it.
        for name in ["cut", "drop"] {
            let dropped = await failure { try await mailer.send(message(to: "\(name)@example.org")) }
            #expect(dropped?.isPermanent == false && dropped?.reply == nil, "\(name)")
        }
        #expect(try server.letters().isEmpty)
        try await server.stop()
        let gone = await failure { try await mailer.send(message()) }
        #expect(gone?.isPermanent == false)
    }

    @Test func `a password goes over TLS alone`() async throws {
        let server = try await MailServer.start(["--user", "lms", "--password", "secret"])
        let refused = await failure {
            try await mailer(server.port, user: "lms", password: "secret").send(message())
        }
        #expect(refused?.isPermanent == false)
        #expect(refused?.reason.contains("no secure connection") == true)
        #expect(!server.hasSeenPassword)
        try await server.stop()
    }

    @Test(arguments: [SMTPServer.Security.startTLS, .tls])
    func `a server with a trusted certificate gets password and letter`(_ security: SMTPServer.Security) async throws {
        let certificate = try await Certificate.make()
        let server = try await MailServer.start(
            ["--user", "lms", "--password", "se:c ret", "--certificate", certificate.path, "--key", certificate.key]
                + (security == .tls ? ["--tls"] : []))
        let trusting = mailer(
            server.port, security: security, user: "lms", password: "se:c ret", authorities: certificate.path)
        try await trusting.send(message())
        let taken = try #require(try server.letters().first)
        #expect(taken.isSecure)
        #expect(taken.user == "lms")

        let untrusting = mailer(server.port, security: security, user: "lms", password: "se:c ret")
        let refused = await failure { try await untrusting.send(message()) }
        #expect(refused?.reason.contains("no secure connection") == true)
        let wrong = mailer(
            server.port, security: security, user: "lms", password: "x", authorities: certificate.path)
        #expect(await failure { try await wrong.send(message()) }?.isPermanent == false)
        #expect(try server.letters().count == 1)
        try await server.stop()
    }

    @Test func `into a folder goes a file that mail programs can read`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "lms-mail-\(UUID().uuidString)").path
        try await Mailer(.folder(folder)).send(message())
        let text = try String(contentsOfFile: folder + "/0199-abc.eml", encoding: .utf8)
        #expect(
            text.hasPrefix("Date: Mon, 24 Nov 2025 16:00:00 +0000\r\nFrom: \"LMS Core\" <no-reply@lab.example>\r\n"))
        #expect(text.hasSuffix("\r\n\r\nHello\r\n"))
        let refused = await failure { try await Mailer(.folder("/proc/none")).send(message()) }
        #expect(refused?.isPermanent == false)
    }
}
