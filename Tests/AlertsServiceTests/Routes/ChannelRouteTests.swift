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

    @Test func `a deleted channel leaves the escalation of rules, with steps that were its alone`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.client(.admin)
        var ids: [String] = []
        for number in 1...3 { ids.append(try await laboratory.makeChannel("https://example.org/\(number)")) }
        let rule = try await laboratory.makeRule([
            "escalation": [
                ["after_s": 60, "channel_ids": [.string(ids[0]), .string(ids[1])]],
                ["after_s": 120, "channel_ids": [.string(ids[2])]],
            ]
        ])
        for id in [ids[0], ids[2]] { #expect(try await admin.delete("\(path)/\(id)").status == 204) }
        let changed = try await admin.get("/api/v1/alerts/rules/\(rule)").json
        #expect(changed["escalation"] == [["after_s": 60, "channel_ids": [.string(ids[1])]]])
        #expect(changed["version"].int == 3)
    }

    @Test(
        arguments: [
            (["name": "a", "type": "pigeon", "url": "https://example.org"], "type"),
            (["name": "a", "type": "webhook", "url": "ftp://example.org"], "url"),
            (["name": "a", "type": "webhook", "url": "example"], "url"),
            (["name": "", "type": "webhook", "url": "https://example.org"], "name"),
            (["name": "a", "type": "webhook"], "url"),
            (["name": "a", "type": "slack"], "url"),
            (["name": "a", "type": "teams", "url": "https://example.org", "secret": "s"], "secret"),
            (["name": "a", "type": "slack", "url": "https://example.org", "addresses": ["a@b.c"]], "addresses"),
            (["name": "a", "type": "email"], "addresses"),
            (["name": "a", "type": "email", "addresses": []], "addresses"),
            (["name": "a", "type": "email", "member_ids": []], "addresses"),
            (
                ["name": "a", "type": "email", "member_ids": ["01989f3e-7c00-7000-8000-000000000001"]],
                "member_ids"
            ),
            (
                ["name": "a", "type": "webhook", "url": "https://example.org", "member_ids": []],
                "member_ids"
            ),
            (["name": "a", "type": "email", "addresses": ["a@b.c", "Ada <ada@b.c>"]], "addresses[1]"),
            (["name": "a", "type": "email", "addresses": ["a@b.c\r\nBcc: x@b.c"]], "addresses[0]"),
            (["name": "a", "type": "email", "addresses": ["a@b.c", "A@b.c"]], "addresses"),
            (["name": "a", "type": "email", "addresses": ["a@b.c"], "url": "https://example.org"], "url"),
            (["name": "a", "type": "webhook", "url": "https://example.org", "group_s": 3601], "group_s"),
            (
                ["name": "a", "type": "webhook", "url": "https://example.org", "template": ["body": "{{x}}"]],
                "template.body"
            ),
        ] as [(JSONValue, String)])
    func `what is no channel is refused`(_ body: JSONValue, _ field: String) async throws {
        let answer = try await AlertsServer.shared().laboratory().client(.admin).post(path, body)
        #expect(answer.status == 422)
        #expect(answer.json["errors"][0]["field"].string == field)
    }

    @Test func `an e-mail channel has up to 20 addresses`() async throws {
        let admin = try await AlertsServer.shared().laboratory().client(.admin)
        func status(_ count: Int) async throws -> Int {
            let addresses = (0..<count).map { JSONValue.string("user\($0)@example.org") }
            return try await admin.post(path, ["name": "a", "type": "email", "addresses": .array(addresses)]).status
        }
        #expect(try await status(20) == 201)
        #expect(try await status(21) == 422)
    }

    @Test(arguments: ["slack", "teams"])
    func `the URL of a chat is a secret, of which the origin is told`(_ type: String) async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let receiver = try await TestHTTPServer.start()
        let admin = try await laboratory.client(.admin)
        let id = try await laboratory.makeChannel(["type": .string(type), "url": .string(receiver.url + "/T0/S3CRET")])
        let shown = try await admin.get("\(path)/\(id)")
        #expect(shown.json["url"].string == receiver.url)
        #expect(!shown.text.contains("S3CRET"))
        let log = try await laboratory.server.query(
            "SELECT data::text FROM core.events WHERE entity_id = \(UUID(uuidString: id))")
        #expect(try log.allSatisfy { try !$0.decode(String.self).contains("S3CRET") })

        let renamed = try await admin.put("\(path)/\(id)", ["name": "b", "type": .string(type)])
        #expect(renamed.json["url"].string == receiver.url)
        #expect(try await admin.post("\(path)/\(id)/test").json["status"].string == "sent")
        #expect(receiver.requests.map(\.path) == ["/T0/S3CRET"])
        // What opened a chat is not taken to sign what goes elsewhere.
        let moved = try await admin.put(
            "\(path)/\(id)", ["name": "b", "type": "webhook", "url": .string(receiver.url)])
        #expect(moved.json["has_secret"].bool == false)
        #expect(try await admin.put("\(path)/\(id)", ["name": "b", "type": .string(type)]).status == 422)
    }

    @Test func `chats get an alert in their own form`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let receiver = try await TestHTTPServer.start()
        var channels: [JSONValue] = []
        for type in ["slack", "teams"] {
            channels.append(
                .string(
                    try await laboratory.makeChannel([
                        "type": .string(type), "url": .string(receiver.url + "/\(type)"),
                    ])))
        }
        _ = try await laboratory.makeRule(["channel_ids": .array(channels), "name": "<!channel> hot"])
        try await laboratory.send(.v7(), [(1, 31)])
        try await eventually { receiver.requests.count == 2 }
        func body(_ path: String) throws -> JSONValue {
            let request = try #require(receiver.requests.first { $0.path == path })
            return try JSONDecoder().decode(JSONValue.self, from: Data(request.body))
        }
        let slack = try body("/slack")
        #expect(slack["blocks"][0]["type"].string == "header")
        #expect(slack["blocks"][1]["text"]["text"].string?.contains("Rule: &lt;!channel&gt; hot") == true)
        #expect(slack["blocks"][2]["text"]["text"].string?.hasPrefix("<https://lab.example/alerts/") == true)
        let card = try body("/teams")["attachments"][0]
        #expect(card["contentType"].string == "application/vnd.microsoft.card.adaptive")
        #expect(card["content"]["actions"][0]["url"].string?.hasPrefix("https://lab.example/alerts/") == true)
    }

    @Test func `a template is previewed, and told where it is wrong`() async throws {
        let admin = try await AlertsServer.shared().laboratory().client(.admin)
        let template: JSONValue = ["subject": "{{device}} is {{severity}}", "body": "{{device}}\n{{link}}"]
        let mail = try await admin.post("\(path)/preview", ["type": "email", "template": template]).json
        #expect(mail["subject"].string == "Freezer <2> & door is high")
        #expect(mail["html"].string?.contains("Freezer &lt;2&gt; &amp; door") == true)
        #expect(mail["html"].string?.contains("<2>") == false)
        let hook = try await admin.post("\(path)/preview", ["type": "webhook", "template": template]).json
        #expect(hook["payload"]["data"]["device_name"].string == "Freezer <2> & door")
        #expect(hook["payload"]["text"].string?.hasPrefix("Freezer <2> & door\nhttps://lab.example/alerts/") == true)
        for type in ["email", "webhook", "slack", "teams"] {
            for event in ["alert.triggered", "alert.resolved", "alert.severity_raised", "alert.repeated"] {
                let answer = try await admin.post(
                    "\(path)/preview", ["type": .string(type), "event": .string(event)])
                #expect(answer.status == 200)
                #expect(answer.json["subject"].string?.contains("Freezer too warm") == true)
            }
        }
        let broken = try await admin.post(
            "\(path)/preview", ["type": "email", "template": ["body": "fine\n{{#device}}"]])
        #expect(broken.status == 422)
        #expect(broken.json["errors"][0]["field"].string == "template.body")
        #expect(broken.json["errors"][0]["message"].string?.contains("line 2") == true)
        #expect(try await admin.post("\(path)/preview", ["type": "email", "event": "x"]).status == 422)
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
