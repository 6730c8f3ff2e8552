import FoundationEssentials
import Kernel
import TestKit
import Testing

@testable import AlertsService

@Suite struct RuleBulkRouteTests {
    private let path = "/api/v1/alerts/rules/bulk"

    @Test func `several rules change at once, each with its entry in the event log`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let admin = try await laboratory.client(.admin)
        var ids: [JSONValue] = []
        for _ in 0..<3 { ids.append(.string(try await laboratory.makeRule())) }
        let answer = try await admin.patch(
            path, ["ids": .array(Array(ids.dropLast())), "enabled": false, "severity": "low"])
        #expect(answer.status == 200, "\(answer)")
        let changed = answer.json["items"].array ?? []
        #expect(changed.map { $0["id"] } == ids.dropLast())
        for rule in changed {
            #expect(rule["enabled"] == false && rule["severity"] == "low" && rule["version"] == 2)
            #expect(rule["threshold_value"] == 30)
            let id = try #require(rule["id"].string.flatMap(UUID.init(uuidString:)))
            let events = try await server.query("SELECT event_type FROM core.events WHERE entity_id = \(id)")
            #expect(
                Set(try events.map { try $0.decode(String.self, at: 0) })
                    == ["alert_rule.created", "alert_rule.updated"])
        }
        let other = try await admin.get("/api/v1/alerts/rules/\(ids[2].string ?? "")").json
        #expect(other["enabled"] == true && other["version"] == 1)
    }

    @Test func `channels are replaced, and may be none`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.client(.admin)
        let channel = try await admin.post(
            "/api/v1/alerts/channels", ["name": "Hook", "type": "webhook", "url": "http://127.0.0.1:1/"]
        ).json["id"]
        let id = try await laboratory.makeRule()
        for channels in [[channel], []] as [JSONValue] {
            let answer = try await admin.patch(path, ["ids": [.string(id)], "channel_ids": channels])
            #expect(answer.json["items"][0]["channel_ids"] == channels)
        }
    }

    @Test func `where one rule is not there, none changes`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let admin = try await laboratory.client(.admin)
        let id = try await laboratory.makeRule()
        let foreign = try await server.laboratory().makeRule()
        let answer = try await admin.patch(path, ["ids": [.string(id), .string(foreign)], "enabled": false])
        #expect(answer.status == 422)
        #expect(answer.json["errors"][0]["field"] == "ids")
        #expect(try await admin.get("/api/v1/alerts/rules/\(id)").json["version"] == 1)
    }

    static let id: JSONValue = "01900000-0000-7000-8000-00000000000a"
    static let mistakes: [(JSONValue, String)] = [
        (["enabled": true], "ids"), (["ids": [], "enabled": true], "ids"),
        (["ids": [id, id], "enabled": true], "ids"),
        (["ids": .array((0...200).map { _ in .string(UUID.v7().text) }), "enabled": true], "ids"),
        (["ids": [id]], ""), (["ids": [id], "severity": "severe"], "severity"),
        (["ids": [id], "channel_ids": [id, id]], "channel_ids"),
    ]

    @Test(arguments: mistakes)
    func `what makes no sense is refused with its field`(_ changes: JSONValue, _ field: String) async throws {
        let admin = try await AlertsServer.shared().laboratory().client(.admin)
        let answer = try await admin.patch(path, changes)
        #expect(answer.status == 422, "\(answer)")
        #expect(answer.json["errors"][0]["field"].string == field, "\(answer)")
    }
}
