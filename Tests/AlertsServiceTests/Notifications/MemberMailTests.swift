import EventBus
import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

/// Alerts by mail to members, as each of them wants it, and to others, not without end.
@Suite struct MemberMailTests {
    private func address(_ name: String) -> String { "\(name)-\(UUID.v7().text)@example.org" }

    private func letters(to address: String) async throws -> [MailServer.Letter] {
        try await AlertsServer.mail().letters().filter { $0.recipients == [address] }
    }

    private func makeChannel(
        _ laboratory: Laboratory, members: [UUID], addresses: [String] = []
    ) async throws -> String {
        try await laboratory.makeChannel([
            "type": "email", "member_ids": .array(members.map { .string($0.text) }),
            "addresses": .array(addresses.map(JSONValue.string)),
        ])
    }

    /// Waits for so many notifications in a state.
    private func notifications(_ laboratory: Laboratory, _ status: String, count: Int) async throws -> [JSONValue] {
        try await eventually(within: .seconds(15)) {
            let found = try await laboratory.notifications("&status=\(status)")
            return found.count == count ? found : nil
        }
    }

    private func set(_ preferences: JSONValue, of user: UUID, _ laboratory: Laboratory) async throws {
        let answer = try await laboratory.client(of: user).put("/api/v1/alerts/preferences", ["email": preferences])
        #expect(answer.status == 200, "\(answer)")
    }

    private func tell(_ type: String, _ user: UUID, _ email: String, version: Int, isActive: Bool = true) async throws {
        try await AlertsServer.shared().publish(
            Event(
                source: .auth, type: type, subject: user.text, subjectVersion: version, organizationID: nil,
                data: [
                    "user_id": .string(user.text), "name": "Ada", "email": .string(email), "is_email_verified": true,
                    "is_active": .bool(isActive),
                ] as JSONValue))
        try await eventually {
            let rows = try await AlertsServer.shared().query(
                "SELECT 1 FROM alerts.members WHERE user_id = \(user) AND name_version = \(version)")
            return !rows.isEmpty
        }
    }

    @Test func `a member is mailed once, at the verified address`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let (mail, moved) = (address("ada"), address("moved"))
        let ada = try await laboratory.addMember("Ada", email: mail)
        let channel = try await makeChannel(laboratory, members: [ada], addresses: [mail.uppercased()])
        _ = try await laboratory.makeRule(telling: channel)
        try await laboratory.send(.v7(), [(1, 31)])
        let sent = try await notifications(laboratory, "sent", count: 1)
        #expect(sent[0]["user_id"].string == ada.text)
        #expect(sent[0]["recipient"].string == mail)
        #expect(try await letters(to: mail).count == 1)

        try await tell("user.updated", ada, moved, version: 2)
        try await laboratory.send(.v7(), [(1, 31)])
        // The address that is written down is another one now.
        _ = try await notifications(laboratory, "sent", count: 3)
        #expect(try await letters(to: moved).count == 1)
        #expect(try await letters(to: mail).count == 1)
    }

    @Test func `who does not want it, or cannot get it, is skipped`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let unverified = try await laboratory.addMember("Eve", email: address("eve"), isVerified: false)
        let disabled = try await laboratory.addMember("Bob", email: address("bob"))
        let choosy = try await laboratory.addMember("Cid", email: address("cid"))
        let (mail, gone) = (address("gone"), try await laboratory.addMember("Gil", email: address("gil")))
        try await tell("user.deactivated", gone, mail, version: 2, isActive: false)
        try await set(["enabled": false], of: disabled, laboratory)
        try await set(["minimum_severity": "critical"], of: choosy, laboratory)
        let channel = try await makeChannel(laboratory, members: [unverified, disabled, choosy, gone])
        _ = try await laboratory.makeRule(telling: channel)
        try await laboratory.send(.v7(), [(1, 31)])
        let skipped = try await notifications(laboratory, "skipped", count: 4)
        let reasons = Dictionary(
            uniqueKeysWithValues: skipped.map { ($0["user_id"].string ?? "", $0["last_error"].string ?? "") })
        #expect(reasons[disabled.text] == "the member wants no mail")
        #expect(reasons[choosy.text] == "the member wants mail from critical on")
        for user in [unverified, gone] { #expect(reasons[user.text]?.contains("not verified") == true) }
        #expect(skipped.allSatisfy { $0["attempts"].int == 0 })
    }

    @Test func `who leaves the organization leaves its channels and gets nothing`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let (ada, mail) = (try await laboratory.addMember("Ada", email: address("ada")), address("other"))
        let channel = try await makeChannel(laboratory, members: [ada], addresses: [mail])
        _ = try await laboratory.makeRule(telling: channel)
        try await set(["enabled": false], of: ada, laboratory)
        try await laboratory.removeMember(ada)
        let admin = try await laboratory.client(.admin)
        try await eventually {
            try await admin.get("/api/v1/alerts/channels/\(channel)").json["member_ids"] == []
        }
        try await laboratory.send(.v7(), [(1, 31)])
        let sent = try await notifications(laboratory, "sent", count: 1)
        #expect(sent[0]["recipient"].string == mail)
        #expect(try await laboratory.notifications().count == 1)
        let preferences = try await laboratory.client(of: ada).get("/api/v1/alerts/preferences")
        #expect(preferences.json["email"]["enabled"] == true)
    }

    @Test func `a channel takes members of its own organization alone`() async throws {
        let server = try await AlertsServer.shared()
        let stranger = try await server.laboratory().addMember("Eve", email: address("eve"))
        let answer = try await server.laboratory().client(.admin).post(
            "/api/v1/alerts/channels",
            ["name": "Mail", "type": "email", "member_ids": [.string(stranger.text)]])
        #expect(answer.status == 422)
        #expect(answer.json["errors"][0]["field"] == "member_ids")
    }

    @Test func `what comes in quiet hours waits for their end, and is one letter then`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let mail = address("ada")
        let ada = try await laboratory.addMember("Ada", email: mail)
        let end = Timestamp.seconds((Timestamp.now.microseconds / 3_600_000_000 + 3) * 3_600)
        try await set(quietHours(until: end), of: ada, laboratory)
        let channel = try await makeChannel(laboratory, members: [ada])
        _ = try await laboratory.makeRule(telling: channel)
        for _ in 0..<2 { try await laboratory.send(.v7(), [(1, 31)]) }
        let waiting = try await eventually {
            let found = try await laboratory.notifications("&status=pending")
            let held = found.filter { $0["last_error"].string == "the member's quiet hours" }
            return held.count == 2 ? held : nil
        }
        #expect(waiting.allSatisfy { $0["next_attempt_at"].string.flatMap { Timestamp($0) } == end })
        #expect(try await letters(to: mail).isEmpty)

        // Critical alerts do not wait.
        _ = try await laboratory.makeRule(telling: channel, severity: "critical")
        let device = UUID.v7()
        try await laboratory.send(device, [(1, 31)])
        _ = try await notifications(laboratory, "sent", count: 1)

        try await set(["enabled": true], of: ada, laboratory)
        _ = try await laboratory.server.query(
            """
            UPDATE alerts.notifications SET due_at = now()
            WHERE organization_id = \(laboratory.organization) AND status = 'pending'
            """)
        let sent = try await notifications(laboratory, "sent", count: 4)
        #expect(Set(sent.map { $0["delivery_id"].string }).count == 2)
        #expect(try await letters(to: mail).map(\.subject).contains { $0.hasPrefix("3 alerts") })
    }

    @Test func `a digest that failed is held back as a whole`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let ada = try await laboratory.addMember("Ada", email: "busy@example.org")
        let channel = try await laboratory.makeChannel([
            "type": "email", "member_ids": [.string(ada.text)], "group_s": 3_600,
        ])
        _ = try await laboratory.makeRule(telling: channel)
        for _ in 0..<2 { try await laboratory.send(.v7(), [(1, 31)]) }
        let made = try await notifications(laboratory, "pending", count: 2).map { $0["created_at"].string }
        func comeDue() async throws {
            _ = try await laboratory.server.query(
                """
                UPDATE alerts.notifications SET due_at = now()
                WHERE organization_id = \(laboratory.organization) AND due_at IS NOT NULL
                """)
        }
        try await comeDue()
        try await eventually {
            try await laboratory.notifications().allSatisfy {
                $0["last_error"].string?.contains("451") == true && $0["held_until"].string == nil
            }
        }
        let end = Timestamp.seconds((Timestamp.now.microseconds / 3_600_000_000 + 3) * 3_600)
        try await set(quietHours(until: end), of: ada, laboratory)
        try await comeDue()
        let held = try await eventually {
            let found = try await laboratory.notifications()
            return found.allSatisfy { $0["last_error"].string == "the member's quiet hours" } ? found : nil
        }
        #expect(held.map { $0["created_at"].string } == made)
        #expect(held.allSatisfy { $0["held_until"].string.flatMap { Timestamp($0) } == end })
        // The one that leads the message stands for the other.
        #expect(held.compactMap { $0["next_attempt_at"].string.flatMap { Timestamp($0) } } == [end])
    }

    /// From an hour before now.
    private func quietHours(until end: Timestamp) -> JSONValue {
        func clock(_ hour: Int64) -> JSONValue { .string((hour % 24 < 10 ? "0" : "") + "\(hour % 24):00") }
        let hour = end.microseconds / 3_600_000_000
        return ["quiet_hours": ["time_zone": "UTC", "from": clock(hour + 20), "to": clock(hour)]]
    }

    @Test func `a test of a channel is one of so many in an hour, to whomever it goes`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let ada = try await laboratory.addMember("Ada", email: address("ada"))
        let receiver = try await TestHTTPServer.start()
        let admin = try await laboratory.client(.admin)
        let channels = [
            try await makeChannel(laboratory, members: [ada]), try await laboratory.makeChannel(receiver.url),
        ]
        for channel in channels {
            #expect(try await admin.post("/api/v1/alerts/channels/\(channel)/test").json["status"] == "sent")
        }
        let counted = try await laboratory.server.query(
            """
            UPDATE alerts.mail_hours SET test_count = test_count + \(MailStore.testsPerHour - 2)
            WHERE organization_id = \(laboratory.organization) RETURNING test_count, count
            """)
        #expect(try counted.first?.decode(Int.self, at: 0) == MailStore.testsPerHour)
        #expect(try counted.first?.decode(Int.self, at: 1) == 0)
        for channel in channels {
            let answer = try await admin.post("/api/v1/alerts/channels/\(channel)/test")
            #expect(answer.status == 429)
            #expect(answer.header("retry-after").flatMap { Int($0) }.map { (1...3_600).contains($0) } == true)
        }
        #expect(receiver.requests.count == 1)
        let other = laboratory.server.laboratory()
        let theirs = try await other.makeChannel(receiver.url)
        #expect(try await other.client(.admin).post("/api/v1/alerts/channels/\(theirs)/test").status == 200)
    }

    @Test func `what waits for who was taken off the channel is not sent`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let (own, stays, goes) = (address("ada"), address("stays"), address("goes"))
        let ada = try await laboratory.addMember("Ada", email: own)
        let channel = try await laboratory.makeChannel([
            "type": "email", "member_ids": [.string(ada.text)], "addresses": [.string(stays), .string(goes)],
            "group_s": 3_600,
        ])
        _ = try await laboratory.makeRule(telling: channel)
        try await laboratory.send(.v7(), [(1, 31)])
        _ = try await notifications(laboratory, "pending", count: 3)
        let changed = try await laboratory.client(.admin).put(
            "/api/v1/alerts/channels/\(channel)",
            ["name": "Mail", "type": "email", "addresses": [.string(stays.uppercased())]])
        #expect(changed.status == 200)
        _ = try await laboratory.server.query(
            "UPDATE alerts.notifications SET due_at = now() WHERE organization_id = \(laboratory.organization)")
        let sent = try await notifications(laboratory, "sent", count: 1)
        #expect(sent[0]["recipient"].string == stays)
        let dead = try await notifications(laboratory, "dead", count: 2)
        for recipient in [own, goes] {
            #expect(
                dead.first { $0["recipient"].string == recipient }?["last_error"].string
                    == "the channel does not go to \(recipient) any more")
            #expect(try await letters(to: recipient).isEmpty)
        }
    }

    @Test func `nothing is sent again to who was taken off the channel`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let (own, stays, goes) = (address("ada"), address("stays"), address("goes"))
        let ada = try await laboratory.addMember("Ada", email: own)
        let channel = try await makeChannel(laboratory, members: [ada], addresses: [stays, goes])
        _ = try await laboratory.makeRule(telling: channel)
        try await laboratory.send(.v7(), [(1, 31)])
        let sent = try await notifications(laboratory, "sent", count: 3)
        let admin = try await laboratory.client(.admin)
        let changed = try await admin.put(
            "/api/v1/alerts/channels/\(channel)",
            ["name": "Mail", "type": "email", "addresses": [.string(stays.uppercased())]])
        #expect(changed.status == 200)
        for notification in sent {
            let recipient = try #require(notification["recipient"].string)
            let answer = try await admin.post(
                "/api/v1/alerts/notifications/\(notification["id"].string ?? "")/resend")
            #expect(answer.status == (recipient == stays ? 201 : 409), "\(recipient)")
            if recipient != stays {
                #expect(answer.json["detail"].string == "The channel does not go to \(recipient) any more.")
            }
        }
        _ = try await notifications(laboratory, "sent", count: 4)
        #expect(try await letters(to: stays).count == 2)
        for address in [own, goes] { #expect(try await letters(to: address).count == 1) }
        // As a webhook it has nobody whom the letter was for.
        let receiver = try await TestHTTPServer.start()
        _ = try await admin.put(
            "/api/v1/alerts/channels/\(channel)", ["name": "Hook", "type": "webhook", "url": .string(receiver.url)])
        let stayed = try #require(sent.first { $0["recipient"].string == stays }?["id"].string)
        #expect(try await admin.post("/api/v1/alerts/notifications/\(stayed)/resend").status == 409)
    }

    @Test func `mail to others is limited by the hour, tests included`() async throws {
        let server = try await AlertsServer.start(
            on: try await AlertsServer.makeDatabase(), mail: try await AlertsServer.mail(), mailsPerHour: 2)
        let laboratory = server.laboratory()
        let own = address("ada")
        let ada = try await laboratory.addMember("Ada", email: own)
        let channel = try await makeChannel(
            laboratory, members: [ada], addresses: [address("one"), address("two"), address("three")])
        _ = try await laboratory.makeRule(telling: channel)
        try await laboratory.send(.v7(), [(1, 31)])
        let sent = try await notifications(laboratory, "sent", count: 3)
        #expect(sent.contains { $0["recipient"].string == own })
        let waiting = try await notifications(laboratory, "pending", count: 1)
        #expect(waiting[0]["last_error"] == "the organization has sent its mail of this hour")
        #expect(waiting[0]["attempts"].int == 0)
        let admin = try await laboratory.client(.admin)
        let test = try await admin.post("/api/v1/alerts/channels/\(channel)/test")
        #expect(test.status == 429)
        #expect(test.header("retry-after") != nil)
        // Members' mail and other organizations are not concerned.
        let internalChannel = try await makeChannel(laboratory, members: [ada])
        #expect(try await admin.post("/api/v1/alerts/channels/\(internalChannel)/test").json["status"] == "sent")
        let other = server.laboratory()
        let theirs = try await makeChannel(other, members: [], addresses: [address("four")])
        let answer = try await other.client(.admin).post("/api/v1/alerts/channels/\(theirs)/test")
        #expect(answer.json["status"] == "sent")
        try await server.running.stop()
    }
}
