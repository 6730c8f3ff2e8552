import Crypto
import EventBus
import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

@Suite struct ChannelRouteTests {
    private let path = "/api/v1/alerts/channels"

    @Test func `a channel is made, read, replaced and deleted, and its secret is never answered`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let admin = try await laboratory.client(.admin)
        let made = try await admin.post(
            path, ["name": "Ops", "type": "webhook", "url": "https://example.org/hook", "secret": "s3cret-s3cret"])
        #expect(made.status == 201)
        #expect(made.json["has_secret"].bool == true)
        #expect(!made.text.contains("s3cret"))
        let id = try #require(made.json["id"].string)
        let rows = try await server.query(
            "SELECT sealed_secret FROM alerts.channels WHERE id = \(UUID(uuidString: id))")
        let sealed = try #require(try rows.first?.decode([UInt8].self))
        #expect(!String(decoding: sealed, as: UTF8.self).contains("s3cret"))

        let replaced = try await admin.put(
            "\(path)/\(id)", ["name": "Ops 2", "type": "webhook", "url": "https://example.org/hook"])
        #expect(replaced.json["name"].string == "Ops 2")
        #expect(replaced.json["has_secret"].bool == true)
        #expect(try await admin.get("\(path)/\(id)").json == replaced.json)
        #expect(try await admin.get(path).json["items"] == [replaced.json])

        let rule = try await laboratory.makeRule(["channel_ids": [.string(id)]])
        #expect(try await admin.delete("\(path)/\(id)").status == 204)
        #expect(try await admin.get("\(path)/\(id)").status == 404)
        #expect(try await admin.get("/api/v1/alerts/rules/\(rule)").json["channel_ids"] == [])
    }

    @Test(
        arguments: [
            (["name": "a", "type": "pigeon", "url": "https://example.org"], "type"),
            (["name": "a", "type": "webhook", "url": "ftp://example.org"], "url"),
            (["name": "a", "type": "webhook", "url": "example"], "url"),
            (["name": "", "type": "webhook", "url": "https://example.org"], "name"),
            (["name": "a", "type": "webhook"], "url"),
        ] as [(JSONValue, String)])
    func `what is no channel is refused`(_ body: JSONValue, _ field: String) async throws {
        let answer = try await AlertsServer.shared().laboratory().client(.admin).post(path, body)
        #expect(answer.status == 422)
        #expect(answer.json["errors"][0]["field"].string == field)
    }

    @Test func `another organization's channel is not there`() async throws {
        let server = try await AlertsServer.shared()
        let id = try await server.laboratory().makeChannel("https://example.org")
        let stranger = try await server.laboratory().client(.owner)
        #expect(try await stranger.get("\(path)/\(id)").status == 404)
        #expect(try await stranger.delete("\(path)/\(id)").status == 404)
        #expect(try await stranger.post("\(path)/\(id)/test").status == 404)
        let rule = try await stranger.post("/api/v1/alerts/rules", .rule(["channel_ids": [.string(id)]]))
        #expect(rule.status == 422)
    }

    @Test func `a test says how it went`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.client(.admin)
        let receiver = try await TestHTTPServer.start()
        let good = try await laboratory.makeChannel(receiver.url + "/hook")
        #expect(try await admin.post("\(path)/\(good)/test").json["status"].string == "sent")
        #expect(receiver.requests.first?.text.contains(#""test""#) == true)

        let failing = try await TestHTTPServer.start { _ in (500, "{}") }
        let bad = try await laboratory.makeChannel(failing.url)
        let answer = try await admin.post("\(path)/\(bad)/test")
        #expect(answer.json["status"].string == "failed")
        #expect(answer.json["detail"].string?.contains("500") == true)
    }

    @Test func `a private address is refused unless the operator allows it`() async throws {
        let receiver = try await TestHTTPServer.start()
        let database = try await AlertsServer.makeDatabase()
        let server = try await AlertsServer.start(on: database, allowsPrivateWebhooks: false)
        let laboratory = server.laboratory()
        let id = try await laboratory.makeChannel(receiver.url)
        let admin = try await laboratory.client(.admin)
        #expect(try await admin.post("\(path)/\(id)/test").json["status"].string == "refused")

        _ = try await laboratory.makeRule(["channel_ids": [.string(id)]])
        try await laboratory.send(.v7(), [(1, 31)])
        let notification = try await laboratory.notification(status: "dead")
        #expect(notification["last_error"].string?.contains("127.0.0.1") == true)
        #expect(receiver.requests.isEmpty)
        try await server.running.stop()
    }
}

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
        let late = DueNotification(
            id: try id("id"), organizationID: laboratory.organization, alertID: try id("alert_id"),
            channelID: try id("channel_id"), body: [], attempts: 2, createdAt: .now, url: nil, sealedSecret: nil)
        try await withClient(server.database.configuration(.alerts)) { client in
            let store = NotificationStore(database: client, outbox: Outbox(source: .alerts))
            try await store.sent(late)
            try await store.died(late, "too late")
        }
        // Another notification's event comes behind any that the late one might have left.
        try await laboratory.send(.v7(), [(1, 31)])
        try await eventually { try await Set(laboratory.events("notification.sent").map(\.subject)).count == 2 }
        #expect(try await laboratory.events("notification.sent").count == 2)
        #expect(try await laboratory.events("notification.failed").isEmpty)
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

extension Laboratory {
    func makeChannel(_ url: String, secret: String? = nil) async throws -> String {
        var body: [String: JSONValue] = ["name": "Hook", "type": "webhook", "url": .string(url)]
        body["secret"] = secret.map(JSONValue.string)
        let answer = try await client(.admin).post("/api/v1/alerts/channels", .object(body))
        guard let id = answer.json["id"].string else { throw UnexpectedAnswer(response: answer) }
        return id
    }

    func notifications() async throws -> [JSONValue] {
        try await client(.viewer).get("/api/v1/alerts/notifications").json["items"].array ?? []
    }

    /// Waits for a notification in that state.
    func notification(status: String) async throws -> JSONValue {
        try await eventually(within: .seconds(15)) { try await notifications().first { $0["status"].string == status } }
    }
}
