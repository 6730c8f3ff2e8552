import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

/// Many notifications in one message.
@Suite struct DigestTests {
    /// Leaves twice `count` notifications of a channel that are due at once.
    private func flood(_ laboratory: Laboratory, _ channel: String, _ count: Int) async throws {
        // What the rule finds is evaluated as one batch, and so told of at once.
        _ = try await laboratory.makeRule(telling: channel)
        let readings = (1...Int64(count)).flatMap { (second: Int64) -> [(Int64, Double)] in
            [(2 * second, 31), (2 * second + 1, 20)]
        }
        try await laboratory.send(.v7(), readings)
    }

    private func body(_ request: TestHTTPRequest) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(request.body))
    }

    @Test func `a flood is one message, whose notifications are settled together`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let receiver = try await TestHTTPServer.start()
        let channel = try await laboratory.makeChannel(receiver.url)
        try await flood(laboratory, channel, 12)
        try await eventually(within: .seconds(15)) {
            try await laboratory.notifications("&status=sent").count == 24
        }
        let told = try receiver.requests.map(body).reduce(0) { sum, body in
            sum + (body["type"].string == "alerts.digest" ? body["data"]["count"].int ?? 0 : 1)
        }
        #expect(told == 24)
        let digest = try #require(try receiver.requests.map(body).first { $0["type"].string == "alerts.digest" })
        #expect(digest["data"]["items"][0]["type"].string == "alert.triggered")
        let id = receiver.requests.first?.header("LMS-Delivery-ID")
        let together = try await laboratory.notifications().filter { $0["delivery_id"].string == id }
        #expect(together.count == digest["data"]["count"].int)
        try await eventually { try await laboratory.events("notification.sent").count == 24 }
    }

    @Test func `a digest that fails is repeated as it was, under its id`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let receiver = try await TestHTTPServer.start { [attempts = Attempts()] _ in
            await attempts.next() == 1 ? (500, "{}") : (200, "{}")
        }
        let channel = try await laboratory.makeChannel(receiver.url)
        try await flood(laboratory, channel, 4)
        try await eventually(within: .seconds(30)) {
            try await laboratory.notifications("&status=sent").count == 8
        }
        let first = try #require(receiver.requests.first)
        let repeated = try #require(
            receiver.requests.dropFirst().first { $0.header("LMS-Delivery-ID") == first.header("LMS-Delivery-ID") })
        #expect(first.body == repeated.body)
    }

    @Test func `a channel that collects sends what came in a stretch as one message`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let receiver = try await TestHTTPServer.start()
        let channel = try await laboratory.makeChannel([
            "type": "webhook", "url": .string(receiver.url), "group_s": 3_600,
        ])
        _ = try await laboratory.makeRule(telling: channel)
        for device in [UUID.v7(), .v7()] {
            try await laboratory.send(device, [(1, 31)])
            _ = try await laboratory.alert(device, status: "active")
        }
        try await eventually { try await laboratory.notifications().count == 2 }
        #expect(receiver.requests.isEmpty)
        _ = try await server.query(
            "UPDATE alerts.notifications SET due_at = now() WHERE organization_id = \(laboratory.organization)")
        try await eventually { receiver.requests.count == 1 }
        #expect(try body(receiver.requests[0])["data"]["count"].int == 2)
    }

    @Test(arguments: [(1, false), (12, false), (1, true), (12, true)])
    func `a message whose being taken is not in the log comes again under its id`(
        _ count: Int, isLogged: Bool
    ) async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let receiver = try await TestHTTPServer.start()
        let channel = try await laboratory.makeChannel([
            "type": "webhook", "url": .string(receiver.url), "group_s": 3_600,
        ])
        try await flood(laboratory, channel, count)
        try await eventually { try await laboratory.notifications().count == 2 * count }
        let organization = laboratory.organization
        _ = try await server.query(
            "UPDATE alerts.notifications SET due_at = now() WHERE organization_id = \(organization)")
        try await eventually { try await laboratory.notifications("&status=sent").count == 2 * count }
        // As it stands when the process ends before it is settled, or before it is logged, once the claim is over.
        if !isLogged {
            _ = try await server.query(
                "DELETE FROM alerts.delivery_attempts WHERE organization_id = \(organization)")
        }
        _ = try await server.query(
            """
            UPDATE alerts.notifications SET status = 'pending', sent_at = NULL, due_at = CASE WHEN id = (
                SELECT min(id::text)::uuid FROM alerts.notifications WHERE organization_id = \(organization)) THEN now() END
            WHERE organization_id = \(organization)
            """)
        try await eventually { try await laboratory.notifications("&status=sent").count == 2 * count }
        #expect(receiver.requests.count == (isLogged ? 1 : 2))
        #expect(Set(receiver.requests.map { $0.header("LMS-Delivery-ID") }).count == 1)
        #expect(Set(receiver.requests.map(\.text)).count == 1)
        let attempts = isLogged ? 1 : 2
        #expect(try await laboratory.notifications().allSatisfy { $0["attempts"].int == attempts })
        // Those of the first time, and those of what became of it.
        let events = try await eventually {
            let events = try await laboratory.events("notification.sent")
            return events.count == 4 * count ? events : nil
        }
        #expect(events.map(\.subjectVersion).max() == attempts)
    }

    @Test func `a flood that trickles is held up and combined`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let receiver = try await TestHTTPServer.start()
        let channel = try await laboratory.makeChannel(receiver.url)
        _ = try await laboratory.makeRule(telling: channel)
        // One after the other, each once the one before was told of.
        for count in 1...Delivery.mostSingles {
            try await laboratory.send(.v7(), [(1, 31)])
            try await eventually { try await laboratory.notifications("&status=sent").count == count }
        }
        for _ in 0..<7 { try await laboratory.send(.v7(), [(1, 31)]) }
        try await eventually(within: .seconds(30)) {
            try await laboratory.notifications("&status=sent").count == Delivery.mostSingles + 7
        }
        #expect(receiver.requests.count == Delivery.mostSingles + 1)
        let last = try #require(try receiver.requests.last.map(body))
        #expect(last["type"].string == "alerts.digest")
        #expect(last["data"]["count"].int == 7)
    }

    @Test func `one whose lead was deleted goes out alone`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let receiver = try await TestHTTPServer.start()
        let channel = try await laboratory.makeChannel([
            "type": "webhook", "url": .string(receiver.url), "group_s": 3_600,
        ])
        _ = try await laboratory.makeRule(telling: channel)
        try await laboratory.send(.v7(), [(1, 31)])
        try await eventually { try await laboratory.notifications().count == 1 }
        _ = try await server.query(
            """
            UPDATE alerts.notifications SET due_at = NULL, delivery_id = \(UUID.v7())
            WHERE organization_id = \(laboratory.organization)
            """)
        try await withClient(server.database.configuration(.alerts)) { client in
            try await NotificationKeeper(database: client, logger: .init(label: "test")).release()
        }
        try await eventually { receiver.requests.count == 1 }
    }
}

private actor Attempts {
    private var count = 0

    func next() -> Int {
        count += 1
        return count
    }
}
