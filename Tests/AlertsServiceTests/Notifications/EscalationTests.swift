import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

/// What is told of an alert that nobody acknowledges.
@Suite struct EscalationTests {
    /// An open alert that its rule's channel has been told of, and a channel that it is to be escalated to.
    private struct Scene {
        let laboratory: Laboratory
        let receiver: TestHTTPServer
        let alert: UUID
        let channel: UUID

        /// Escalates the alert at once, and then every `repeatAfter` seconds.
        func escalate(repeatAfter: Int?) async throws {
            _ = try await laboratory.server.query(
                """
                INSERT INTO alerts.escalations (organization_id, alert_id, step, channel_ids, due_at, repeat_after_s)
                VALUES (\(laboratory.organization), \(alert), 1, \([channel]), now(), \(repeatAfter))
                """)
        }

        func repetitions() async throws -> [JSONValue] {
            try await laboratory.notifications().filter { $0["event_type"].string == "alert.repeated" }
        }

        /// Seconds from now to when each step is due.
        func plan() async throws -> [Double] {
            try await laboratory.server.query(
                """
                SELECT extract(epoch FROM due_at - now())::float8 FROM alerts.escalations
                WHERE alert_id = \(alert)
                """
            ).map { try $0.decode(Double.self) }
        }
    }

    private func scene() async throws -> Scene {
        let laboratory = try await AlertsServer.shared().laboratory()
        let receiver = try await TestHTTPServer.start()
        _ = try await laboratory.makeRule()
        let device = UUID.v7()
        try await laboratory.send(device, [(1, 31)])
        let alert = try await laboratory.alert(device, status: "active")
        return Scene(
            laboratory: laboratory, receiver: receiver,
            alert: try #require(UUID(uuidString: alert["id"].string ?? "")),
            channel: try #require(UUID(uuidString: try await laboratory.makeChannel(receiver.url))))
    }

    @Test func `an alert is told again until somebody acknowledges it`() async throws {
        let scene = try await scene()
        try await scene.escalate(repeatAfter: 600)
        let request = try await eventually { scene.receiver.requests.first }
        let body = try JSONDecoder().decode(JSONValue.self, from: Data(request.body))
        #expect(body["type"].string == "alert.repeated")
        #expect(body["data"]["id"].string == scene.alert.text)
        let plan = try await scene.plan()
        #expect(plan.count == 1 && (500...600).contains(plan[0]))

        let acknowledged = try await scene.laboratory.client(.member).put(
            "/api/v1/alerts/\(scene.alert.text)/acknowledge", [:])
        #expect(acknowledged.status == 200)
        _ = try await scene.laboratory.server.query(
            "UPDATE alerts.escalations SET due_at = now() WHERE alert_id = \(scene.alert)")
        try await eventually { try await scene.plan().isEmpty }
        #expect(try await scene.repetitions().count == 1)
    }

    @Test func `a step without repetition is told once`() async throws {
        let scene = try await scene()
        try await scene.escalate(repeatAfter: nil)
        try await eventually { scene.receiver.requests.count == 1 }
        #expect(try await scene.plan().isEmpty)
        #expect(try await scene.repetitions().count == 1)
    }

    @Test func `an alert that has ended is not told again`() async throws {
        let scene = try await scene()
        let resolved = try await scene.laboratory.client(.member).put(
            "/api/v1/alerts/\(scene.alert.text)/resolve", [:])
        #expect(resolved.status == 200)
        try await scene.escalate(repeatAfter: 60)
        try await eventually { try await scene.plan().isEmpty }
        #expect(try await scene.repetitions().isEmpty)
    }

    @Test func `an alert that cannot be read is put off, and keeps no other from being told`() async throws {
        let (unreadable, readable) = (try await scene(), try await scene())
        _ = try await unreadable.laboratory.server.query(
            "UPDATE alerts.alerts SET severity = 'cosmic' WHERE id = \(unreadable.alert)")
        try await unreadable.escalate(repeatAfter: 600)
        try await readable.escalate(repeatAfter: nil)
        try await eventually { readable.receiver.requests.count == 1 }
        try await eventually { try await unreadable.plan().first.map { (30...60).contains($0) } ?? false }
        #expect(unreadable.receiver.requests.isEmpty)
    }

    @Test func `a plan is kept with the alert that it is for`() async throws {
        let scene = try await scene()
        let server = scene.laboratory.server
        try await withClient(server.database.configuration(.alerts)) { client in
            let scope = Scope.organization(scene.laboratory.organization)
            let found = try await AlertStore(database: client).find(
                scene.alert, in: scene.laboratory.organization, visibleBy: .all)
            let alert = try #require(found?.alert)
            let plan = NotificationPlan(channelIDs: [scene.channel], repeatAfter: .seconds(900))
            // Twice, as when an alert is opened again.
            for seconds in [Int64(0), 100] {
                let time = Timestamp.now.adding(.seconds(seconds))
                _ = try await client.batch(EscalationStore.replace(with: plan, of: alert, from: time), as: scope)
            }
        }
        let plan = try await scene.plan()
        #expect(plan.count == 1 && (950...1_000).contains(plan[0]))
    }

    @Test func `the rule says whom an alert is told to later, also when it is opened again`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let channels = [
            try await laboratory.makeChannel("https://example.org/1"),
            try await laboratory.makeChannel("https://example.org/2"),
        ].map(JSONValue.string)
        let changes: [String: JSONValue] = ["channel_ids": [channels[0]], "repeat_after_s": 900]
        let device = UUID.v7()
        let id = try await laboratory.raise(
            device, changes.merging(["escalation": [["after_s": 600, "channel_ids": [channels[1]]]]]) { $1 })
        func steps() async throws -> [Int] {
            try await laboratory.server.query(
                "SELECT step FROM alerts.escalations WHERE alert_id = \(UUID(uuidString: id)) ORDER BY step"
            ).map { try $0.decode(Int.self) }
        }
        #expect(try await steps() == [0, 1])

        let rule = try #require(try await laboratory.alerts(device).first?["rule_id"].string)
        let changed = try await laboratory.client(.admin).put("/api/v1/alerts/rules/\(rule)", .rule(changes))
        #expect(changed.status == 200)
        let member = try await laboratory.client(.member)
        for action in ["resolve", "reopen"] {
            #expect(try await member.put("/api/v1/alerts/\(id)/\(action)", [:]).status == 200)
        }
        #expect(try await steps() == [0])
    }
}
