import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

/// Alerts by mail, through a real mail server.
@Suite struct MailTests {
    private func makeChannel(_ laboratory: Laboratory, _ addresses: String...) async throws -> String {
        try await laboratory.makeChannel([
            "type": "email", "addresses": .array(addresses.map(JSONValue.string)),
        ])
    }

    private func letters(to address: String) async throws -> [MailServer.Letter] {
        try await AlertsServer.mail().letters().filter { $0.recipients == [address] }
    }

    @Test func `an alert is mailed to each address, in text and HTML, with nothing unescaped`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let (ada, grace) = ("ada-\(UUID.v7().text)@example.org", "grace-\(UUID.v7().text)@example.org")
        let channel = try await makeChannel(laboratory, ada, grace)
        _ = try await laboratory.makeRule(["channel_ids": [.string(channel)], "name": "<i>Too</i> hot & wet"])
        let device = UUID.v7()
        try await laboratory.send(device, [(1, 31)])
        let alert = try await laboratory.alert(device, status: "active")
        for address in [ada, grace] {
            let letter = try await eventually { try await letters(to: address).first }
            #expect(letter.subject.contains("<i>Too</i> hot & wet"))
            #expect(letter.text.contains("temperature 31 is above 30"))
            #expect(letter.text.contains("https://lab.example/alerts/\(alert["id"].string ?? "")"))
            #expect(letter.html?.contains("&lt;i&gt;Too&lt;/i&gt; hot &amp; wet") == true)
            #expect(letter.html?.contains("<i>") == false)
            let notification = try await eventually {
                try await laboratory.notifications("&status=sent").first { $0["recipient"].string == address }
            }
            #expect(letter.id == "<\(notification["delivery_id"].string ?? "")@localhost>")
            let log = try await laboratory.log(of: notification)
            #expect(log.map { $0["response_status"].int } == [250])
            #expect(log[0]["detail"].string == "taken")
        }
    }

    @Test func `one whom the server refuses costs the others nothing`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let good = "good-\(UUID.v7().text)@example.org"
        let channel = try await makeChannel(
            laboratory, "nobody@example.org", "busy@example.org", "closed@example.org", "drop@example.org",
            "cut@example.org", good)
        _ = try await laboratory.makeRule(telling: channel)
        try await laboratory.send(.v7(), [(1, 31)])
        // Each has failed once, and those that may be tried again have been.
        try await eventually(within: .seconds(30)) {
            try await laboratory.notifications("&status=pending").filter { ($0["attempts"].int ?? 0) >= 2 }.count == 4
        }
        let outcomes: [String: (status: String, code: Int?)] = [
            "nobody@example.org": ("dead", 550), "busy@example.org": ("pending", 451),
            "closed@example.org": ("pending", 421), "drop@example.org": ("pending", nil),
            "cut@example.org": ("pending", nil), good: ("sent", 250),
        ]
        for notification in try await laboratory.notifications() {
            let expected = try #require(outcomes[notification["recipient"].string ?? ""])
            #expect(notification["status"].string == expected.status)
            let log = try await laboratory.log(of: notification)
            #expect(log.allSatisfy { $0["response_status"].int == expected.code }, "\(log)")
            if expected.status != "pending" { #expect(log.count == 1) }
        }
        #expect(try await letters(to: good).count == 1)
    }

    @Test func `a test tells the worst of its recipients`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.client(.admin)
        func test(_ addresses: String...) async throws -> JSONValue {
            let id = try await laboratory.makeChannel([
                "type": "email", "addresses": .array(addresses.map(JSONValue.string)),
            ])
            return try await admin.post("/api/v1/alerts/channels/\(id)/test").json
        }
        let good = "test-\(UUID.v7().text)@example.org"
        #expect(try await test(good)["status"].string == "sent")
        #expect(try await letters(to: good).count == 1)
        let busy = try await test(good, "busy@example.org")
        #expect(busy["status"].string == "failed")
        #expect(busy["detail"].string == "the mail server answered 451: come again later")
        #expect(try await test("busy@example.org", "nobody@example.org")["status"].string == "refused")
    }

    @Test func `without a mail server letters wait for one`() async throws {
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase())
        let laboratory = server.laboratory()
        let channel = try await makeChannel(laboratory, "ada@example.org")
        let answer = try await laboratory.client(.admin).post("/api/v1/alerts/channels/\(channel)/test").json
        #expect(answer["status"].string == "failed")
        #expect(answer["detail"].string == "LMS_MAIL_URL is not set")
        try await server.running.stop()
    }
}
