import Crypto
import EventBus
import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

@Suite struct NotificationTests {
    @Test func `an alert is delivered, signed, once for each step that channels are told of`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let receiver = try await TestHTTPServer.start()
        let channel = try await laboratory.makeChannel(receiver.url + "/hook?a=1", secret: "key")
        _ = try await laboratory.makeRule(["channel_ids": [.string(channel)]])
        let device = UUID.v7()
        try await laboratory.send(device, [(1, 31), (2, 32)])
        try await eventually { receiver.requests.count == 1 }
        try await laboratory.send(device, [(3, 20)])
        try await eventually { receiver.requests.count == 2 }

        let bodies = try receiver.requests.map { try JSONDecoder().decode(JSONValue.self, from: Data($0.body)) }
        #expect(bodies.map { $0["type"].string } == ["alert.triggered", "alert.resolved"])
        #expect(bodies.map { $0["data"]["device_id"].string } == [device.text, device.text])
        for request in receiver.requests {
            let timestamp = try #require(request.header("LMS-Timestamp"))
            let code = HMAC<SHA256>.authenticationCode(
                for: Data("\(timestamp).".utf8) + request.body, using: SymmetricKey(data: Data("key".utf8)))
            let expected = "v1=" + code.map { String(format: "%02x", $0) }.joined()
            #expect(request.header("LMS-Signature") == expected)
        }
        let ids = Set(receiver.requests.compactMap { $0.header("LMS-Delivery-ID") })
        #expect(ids.count == 2)
        try await eventually { try await laboratory.events("notification.sent").count == 2 }
        let sent = try await laboratory.client(.viewer).get("/api/v1/alerts/notifications?status=sent").json["items"]
        #expect(Set((sent.array ?? []).compactMap { $0["id"].string }) == ids)
        #expect(sent[0]["channel_id"].string == channel)
    }

    @Test func `a delivery that failed is tried again under the same id`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let receiver = try await TestHTTPServer.start { [counter = Counter()] _ in
            await counter.next() == 1 ? (503, "{}") : (200, "{}")
        }
        let channel = try await laboratory.makeChannel(receiver.url)
        _ = try await laboratory.makeRule(["channel_ids": [.string(channel)]])
        try await laboratory.send(.v7(), [(1, 31)])
        let failed = try await eventually {
            try await laboratory.notifications().first { $0["last_error"].string != nil }
        }
        #expect(failed["status"].string == "pending")
        #expect(failed["last_error"].string == "the receiver answered 503")
        let sent = try await laboratory.notification(status: "sent")
        #expect(sent["attempts"].int == 2)
        #expect(Set(receiver.requests.map { $0.header("LMS-Delivery-ID") }).count == 1)
    }

    @Test func `who comes late with a notification that another one has delivered tells nobody`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let receiver = try await TestHTTPServer.start()
        let channel = try await laboratory.makeChannel(receiver.url)
        _ = try await laboratory.makeRule(["channel_ids": [.string(channel)]])
        try await laboratory.send(.v7(), [(1, 31)])
        let sent = try await laboratory.notification(status: "sent")
        func id(_ field: String) throws -> UUID {
            try #require(sent[field].string.flatMap(UUID.init(uuidString:)))
        }
        let notification = DueNotification(
            id: try id("id"), organizationID: laboratory.organization, alertID: try id("alert_id"),
            channelID: try id("channel_id"), recipient: nil, body: [], attempts: 1, createdAt: .now, deliveryID: nil,
            channel: nil)
        let late = Delivery(id: notification.id, lead: notification, followers: [])
        try await withClient(server.database.configuration(.alerts)) { client in
            let store = DeliveryStore(
                database: client, outbox: Outbox(source: .alerts), mail: MailStore(perHour: 500))
            try await store.settle(late, as: .sent)
            try await store.settle(late, as: .dead(reason: "too late"))
        }
        // Another notification's event comes behind any that the late one might have left.
        try await laboratory.send(.v7(), [(1, 31)])
        try await eventually { try await Set(laboratory.events("notification.sent").map(\.subject)).count == 2 }
        #expect(try await laboratory.events("notification.sent").count == 2)
        #expect(try await laboratory.events("notification.failed").isEmpty)
    }

    @Test func `an attempt is logged and nothing is sent twice where settling fails once`() async throws {
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase())
        let laboratory = server.laboratory()
        let receiver = try await TestHTTPServer.start()
        _ = try await laboratory.makeRule(telling: try await laboratory.makeChannel(receiver.url))
        // What a sequence has counted is not rolled back.
        let failing: [SQL] = [
            "CREATE SEQUENCE alerts.settlings",
            """
            CREATE FUNCTION alerts.fail_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            BEGIN
                IF nextval('alerts.settlings') = 1 THEN RAISE EXCEPTION 'not now'; END IF;
                RETURN NEW;
            END $$
            """,
            """
            CREATE TRIGGER fail_once BEFORE UPDATE ON alerts.notifications FOR EACH ROW
            WHEN (NEW.status = 'sent') EXECUTE FUNCTION alerts.fail_once()
            """,
        ]
        for statement in failing { _ = try await server.query(statement) }
        try await laboratory.send(.v7(), [(1, 31)])
        let sent = try await laboratory.notification(status: "sent")
        let settlings = try await server.query("SELECT last_value FROM alerts.settlings")
            .map { try $0.decode(Int.self) }
        #expect(settlings == [2])
        #expect(sent["attempts"].int == 1)
        #expect(try await laboratory.log(of: sent).map { $0["outcome"].string } == ["sent"])
        #expect(receiver.requests.count == 1)
        try await eventually { try await laboratory.events("notification.sent").count == 1 }
        try await server.running.stop()
    }

    @Test func `a channel that cannot be read is tried again, and holds no other up`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let receiver = try await TestHTTPServer.start()
        let unreadable = try await laboratory.makeChannel(receiver.url + "/unreadable")
        let channel = try await laboratory.makeChannel(receiver.url + "/readable")
        _ = try await laboratory.makeRule(["channel_ids": [.string(unreadable), .string(channel)]])
        let id = UUID(uuidString: unreadable)
        _ = try await server.query("UPDATE alerts.channels SET template = '[]' WHERE id = \(id)")
        try await laboratory.send(.v7(), [(1, 31)])
        let sent = try await laboratory.notification(status: "sent")
        #expect(sent["channel_id"].string == channel)
        let failed = try await eventually {
            try await laboratory.notifications().first { $0["last_error"].string != nil }
        }
        #expect(failed["last_error"].string == "this version cannot read the channel")
        #expect(failed["status"].string == "pending" && failed["channel_id"].string == unreadable)

        _ = try await server.query("UPDATE alerts.channels SET template = NULL WHERE id = \(id)")
        // However often it has failed by now.
        _ = try await server.query(
            "UPDATE alerts.notifications SET due_at = now() WHERE channel_id = \(id) AND status = 'pending'")
        try await eventually(within: .seconds(15)) { receiver.requests.count == 2 }
    }

    @Test func `every attempt is in the log`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let receiver = try await TestHTTPServer.start { [counter = Counter()] _ in
            await counter.next() == 1 ? (503, #"{"why": "so"}"#) : (204, "")
        }
        let channel = try await laboratory.makeChannel(receiver.url)
        _ = try await laboratory.makeRule(telling: channel)
        try await laboratory.send(.v7(), [(1, 31)])
        let log = try await laboratory.log(of: laboratory.notification(status: "sent"))
        #expect(log.map { $0["number"].int } == [1, 2])
        #expect(log.map { $0["outcome"].string } == ["failed", "sent"])
        #expect(log.map { $0["response_status"].int } == [503, 204])
        #expect(log[0]["detail"].string == #"the receiver answered 503: {"why": "so"}"#)
        #expect(log.allSatisfy { ($0["duration_ms"].int ?? -1) >= 0 })
    }

    @Test func `notifications are found by channel and alert, and not by strangers`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let receiver = try await TestHTTPServer.start()
        let channels = [try await laboratory.makeChannel(receiver.url), try await laboratory.makeChannel(receiver.url)]
        _ = try await laboratory.makeRule(["channel_ids": .array(channels.map(JSONValue.string))])
        try await laboratory.send(.v7(), [(1, 31)])
        try await eventually { try await laboratory.notifications("&status=sent").count == 2 }
        let found = try await laboratory.notifications("&channel_id=\(channels[1])")
        #expect(found.map { $0["channel_id"].string } == [channels[1]])
        let alert = try #require(found[0]["alert_id"].string)
        #expect(try await laboratory.notifications("&alert_id=\(alert)").count == 2)
        #expect(try await laboratory.notifications("&alert_id=\(UUID.v7().text)").isEmpty)
        let path = "/api/v1/alerts/notifications/\(found[0]["id"].string ?? "")"
        let stranger = try await server.laboratory().client(.owner)
        #expect(try await stranger.get(path).status == 404)
        #expect(try await stranger.post(path + "/resend").status == 404)
    }

    @Test func `what was settled is sent again as another notification`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let receiver = try await TestHTTPServer.start { [counter = Counter()] _ in
            await counter.next() == 1 ? (410, "{}") : (200, "{}")
        }
        let channel = try await laboratory.makeChannel(receiver.url)
        _ = try await laboratory.makeRule(telling: channel)
        try await laboratory.send(.v7(), [(1, 31)])
        let dead = try await laboratory.notification(status: "dead")
        let admin = try await laboratory.client(.admin)
        let path = "/api/v1/alerts/notifications/\(dead["id"].string ?? "")/resend"
        let resent = try await admin.post(path)
        #expect(resent.status == 201)
        #expect(resent.json["resend_of"].string == dead["id"].string)
        let sent = try await laboratory.notification(status: "sent")
        #expect(sent["id"].string == resent.json["id"].string)
        #expect(Set(receiver.requests.map { $0.header("LMS-Delivery-ID") }).count == 2)
        #expect(Set(receiver.requests.map(\.text)).count == 1)
        #expect(try await admin.delete("/api/v1/alerts/channels/\(channel)").status == 204)
        #expect(try await admin.post(path).status == 409)
    }

    @Test func `one is sent again while a member is taken out of its channel`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let receiver = try await TestHTTPServer.start()
        let channel = try await laboratory.makeChannel(receiver.url)
        _ = try await laboratory.makeRule(telling: channel)
        try await laboratory.send(.v7(), [(1, 31)])
        let sent = try await laboratory.notification(status: "sent")
        let path = "/api/v1/alerts/notifications/\(sent["id"].string ?? "")/resend"
        let admin = try await laboratory.client(.admin)
        let resent = try await withClient(server.database.administrator) { client in
            // Locks as the removal of a member does.
            try await client.withTransaction { transaction -> Task<TestHTTPResponse, any Error> in
                let rows = try await transaction.batch([
                    "UPDATE alerts.channels SET version = version + 1 WHERE id = \(UUID(uuidString: channel))",
                    "SELECT pg_backend_pid()::bigint",
                ])
                let process = try #require(try rows.last?.first?.decode(Int.self))
                let task = Task { try await admin.post(path) }
                try await eventually {
                    try await !server.query(
                        "SELECT FROM pg_stat_activity WHERE \(process) = ANY(pg_blocking_pids(pid))"
                    ).isEmpty
                }
                try await transaction.query(
                    "UPDATE alerts.notifications SET recipient = NULL WHERE channel_id = \(UUID(uuidString: channel))")
                return task
            }
        }
        #expect(try await resent.value.status == 201)
    }

    @Test func `what is still being sent is not sent again`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let receiver = try await TestHTTPServer.start { _ in (500, "{}") }
        _ = try await laboratory.makeRule(telling: try await laboratory.makeChannel(receiver.url))
        try await laboratory.send(.v7(), [(1, 31)])
        let pending = try await laboratory.notification(status: "pending")
        let answer = try await laboratory.client(.admin).post(
            "/api/v1/alerts/notifications/\(pending["id"].string ?? "")/resend")
        #expect(answer.status == 409)
    }

    @Test func `after 90 days what was settled is forgotten`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let receiver = try await TestHTTPServer.start()
        _ = try await laboratory.makeRule(telling: try await laboratory.makeChannel(receiver.url))
        for device in [UUID.v7(), .v7()] { try await laboratory.send(device, [(1, 31)]) }
        try await eventually { try await laboratory.notifications("&status=sent").count == 2 }
        let old = try #require(UUID(uuidString: try await laboratory.notifications()[0]["id"].string ?? ""))
        _ = try await server.query(
            "UPDATE alerts.notifications SET created_at = now() - interval '90 days' WHERE id = \(old)")
        try await withClient(server.database.configuration(.alerts)) { client in
            _ = try await NotificationKeeper(database: client, logger: .init(label: "test")).prune()
        }
        #expect(try await laboratory.notifications().count == 1)
        let attempts = try await server.query(
            "SELECT notification_id FROM alerts.delivery_attempts WHERE organization_id = \(laboratory.organization)")
        #expect(try attempts.allSatisfy { try $0.decode(UUID.self) != old })
    }

    @Test func `after a day a notification is dead and others are told`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let receiver = try await TestHTTPServer.start { _ in (500, "{}") }
        let channel = try await laboratory.makeChannel(receiver.url)
        _ = try await laboratory.makeRule(["channel_ids": [.string(channel)]])
        try await laboratory.send(.v7(), [(1, 31)])
        try await eventually { try await laboratory.notifications().first?["last_error"].string != nil }
        _ = try await server.query(
            """
            UPDATE alerts.notifications SET created_at = now() - interval '24 hours', due_at = now()
            WHERE organization_id = \(laboratory.organization)
            """)
        let dead = try await laboratory.notification(status: "dead")
        #expect(dead["attempts"].int == 2)
        try await eventually { try await laboratory.events("notification.failed").count == 1 }
    }
}

private actor Counter {
    private var value = 0

    func next() -> Int {
        value += 1
        return value
    }
}
