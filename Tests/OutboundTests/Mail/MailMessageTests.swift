import Foundation
import Testing

@testable import Outbound

@Suite struct MailMessageTests {
    private func text(_ change: (inout MailMessage) -> Void) -> String {
        var message = MailMessage(
            from: MailAddress(address: "a@lab.example"), to: MailAddress(address: "b@example.org"), subject: "Hello",
            text: "Text", id: "1", date: Date(timeIntervalSince1970: 0))
        change(&message)
        return String(decoding: message.bytes, as: UTF8.self)
    }

    @Test func `nothing that is written becomes a line of the header`() {
        let evil = text {
            $0.subject = "Hello\r\nBcc: victim@example.org"
            $0.from.name = "Eve\r\nBcc: victim@example.org"
        }
        #expect(!evil.contains("\r\nBcc"))
    }

    @Test func `every line is as short as the standard wants it`() {
        let long = text {
            $0.subject = String(repeating: "ü", count: 300)
            $0.text = String(repeating: "ä", count: 500) + "\n" + String(repeating: "a", count: 500) + " \n"
        }
        #expect(long.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 78 })
    }

    @Test(arguments: [
        ("ada@example.org", MailAddress(address: "ada@example.org")),
        ("Ada Lovelace <ada@example.org>", MailAddress(name: "Ada Lovelace", address: "ada@example.org")),
        ("<ada@example.org>", MailAddress(address: "ada@example.org")),
        ("ada", nil), ("ada@", nil), ("@example.org", nil), ("a@b@c", nil), ("a b@example.org", nil),
        ("ada@example.org\r\nBcc: x@example.org", nil),
    ])
    func `an address is read with or without a name`(_ text: String, _ expected: MailAddress?) {
        #expect(MailAddress(text) == expected)
    }

    @Test(arguments: [
        ("smtp://mail.example", MailTransport.smtp(SMTPServer(host: "mail.example", security: .startTLS))),
        (
            "smtps://u%40x:p%3Aw@mail.example:2465",
            .smtp(SMTPServer(host: "mail.example", port: 2465, security: .tls, user: "u@x", password: "p:w"))
        ),
        (
            "smtp://mail.example?ca=/etc/lab.pem",
            .smtp(SMTPServer(host: "mail.example", security: .startTLS, authorities: "/etc/lab.pem"))
        ),
        ("file:///var/mail/lms", .folder("/var/mail/lms")),
        ("file://host/x", nil), ("file:///", nil), ("smtp://", nil), ("smtp://mail.example/path", nil),
        ("smtp://mail.example?x=1", nil), ("http://mail.example", nil), ("mail.example", nil),
    ])
    func `where mail goes is read from a URL`(_ url: String, _ expected: MailTransport?) {
        #expect(MailTransport(url: url) == expected)
    }

    @Test func `ports are those that mail has`() {
        #expect(SMTPServer(host: "m", security: .startTLS).url == "smtp://m:25")
        #expect(SMTPServer(host: "m", security: .startTLS, user: "u").url == "smtp://m:587")
        #expect(SMTPServer(host: "::1", security: .tls).url == "smtps://[::1]:465")
    }
}
