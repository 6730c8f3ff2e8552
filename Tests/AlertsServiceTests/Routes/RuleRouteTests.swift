import FoundationEssentials
import Kernel
import NIOHTTP1
import TestKit
import Testing

@testable import AlertsService

@Suite struct RuleRouteTests {
    private let path = "/api/v1/alerts/rules"

    @Test func `a rule is made, read, listed, replaced and deleted`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.client(.admin)
        let made = try await admin.post(path, .rule(["clear_value": 28, "for_s": 60]))
        #expect(made.status == 201)
        #expect(made.header("etag") == #""1""#)
        let id = try #require(made.json["id"].string)
        #expect(made.header("location") == "\(path)/\(id)")
        #expect(made.json["clear_value"].double == 28)
        #expect(made.json["scope"] == ["all": true])
        #expect(made.json["enabled"].bool == true)

        let viewer = try await laboratory.client(.viewer)
        #expect(try await viewer.get("\(path)/\(id)").json == made.json)
        #expect(try await viewer.get(path).json["items"] == [made.json])

        let replaced = try await admin.put("\(path)/\(id)", .rule(["threshold_value": 35, "enabled": false]))
        #expect(replaced.status == 200)
        #expect(replaced.json["threshold_value"].double == 35)
        #expect(replaced.json["clear_value"].isNull)
        #expect(replaced.json["version"].int == 2)

        #expect(try await admin.delete("\(path)/\(id)").status == 204)
        #expect(try await viewer.get("\(path)/\(id)").status == 404)
    }

    static let contradictions: [(String, [String: JSONValue], String)] = [
        ("a range upside down", ["condition": "between", "threshold_value_high": 20], "threshold_value_high"),
        ("a range without its end", ["condition": "outside"], "threshold_value_high"),
        ("an end without a range", ["threshold_value_high": 40], "threshold_value_high"),
        ("clearing above the threshold", ["clear_value": 31], "clear_value"),
        ("clearing below the threshold", ["condition": "lt", "clear_value": 29], "clear_value"),
        ("clearing an equality", ["condition": "eq", "clear_value": 29], "clear_value"),
        ("another kind", ["kind": "gone"], "kind"),
        ("an unknown condition", ["condition": "above"], "condition"),
        ("an unknown severity", ["severity": "severe"], "severity"),
        ("no threshold", ["threshold_value": nil], "threshold_value"),
        ("no sensor", ["sensor_type": nil], "sensor_type"),
        ("two scopes", ["scope": ["all": true, "tags": ["a"]]], "scope"),
        ("no scope", ["scope": [:]], "scope"),
        ("no devices", ["scope": ["device_ids": []]], "scope.device_ids"),
        ("a negative time", ["for_s": -1], "for_s"),
        ("a text for a number", ["threshold_value": "hot"], "threshold_value"),
        ("a channel that is not there", ["channel_ids": ["01900000-0000-7000-8000-000000000000"]], "channel_ids"),
        ("an empty name", ["name": ""], "name"),
    ]

    @Test(arguments: contradictions)
    func `what makes no sense is refused with its field`(
        _ name: String, _ changes: [String: JSONValue], _ field: String
    ) async throws {
        let admin = try await AlertsServer.shared().laboratory().client(.admin)
        let answer = try await admin.post(path, .rule(changes))
        #expect(answer.status == 422, "\(name): \(answer)")
        #expect(answer.json["errors"][0]["field"].string == field, "\(name): \(answer)")
        #expect(try await admin.get(path).json["items"] == [])
    }

    @Test func `an unknown kind is told which there are`() async throws {
        let admin = try await AlertsServer.shared().laboratory().client(.admin)
        let answer = try await admin.post(path, .rule(["kind": "prediction"]))
        #expect(answer.json["detail"].string?.contains("threshold") == true)
    }

    @Test func `a stale version is not changed`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let id = try await laboratory.makeRule()
        let admin = try await laboratory.client(.admin)
        #expect(try await admin.put("\(path)/\(id)", .rule(), headers: ["if-match": #""1""#]).status == 200)
        #expect(try await admin.put("\(path)/\(id)", .rule(), headers: ["if-match": #""1""#]).status == 412)
        #expect(try await admin.delete("\(path)/\(id)", headers: ["if-match": #""1""#]).status == 412)
        #expect(try await admin.get("\(path)/\(id)", headers: ["if-none-match": #""2""#]).status == 304)
    }

    @Test func `the same key makes one rule`() async throws {
        let admin = try await AlertsServer.shared().laboratory().client(.admin)
        let rule = Array(try JSONEncoder().encode(JSONValue.rule()))
        let headers: HTTPHeaders = ["idempotency-key": "k", "content-type": "application/json"]
        let first = try await admin.send(.POST, path, headers: headers, body: rule)
        let second = try await admin.send(.POST, path, headers: headers, body: rule)
        #expect(second.status == 201)
        #expect(second.json == first.json)
        let other = try await admin.post(path, .rule(["name": "Other"]), headers: ["idempotency-key": "k"])
        #expect(other.status == 422)
        #expect(try await admin.get(path).json["items"].array?.count == 1)
    }

    @Test func `another organization's rule is not there`() async throws {
        let server = try await AlertsServer.shared()
        let id = try await server.laboratory().makeRule()
        let stranger = try await server.laboratory().client(.owner)
        #expect(try await stranger.get("\(path)/\(id)").status == 404)
        #expect(try await stranger.put("\(path)/\(id)", .rule()).status == 404)
        #expect(try await stranger.delete("\(path)/\(id)").status == 404)
    }

    @Test func `pages hold every rule once`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        var made: [String] = []
        for _ in 0..<5 { made.append(try await laboratory.makeRule()) }
        let viewer = try await laboratory.client(.viewer)
        var found: [String] = []
        var next = ""
        repeat {
            let page = try await viewer.get("\(path)?limit=2&order=asc\(next)").json
            found += (page["items"].array ?? []).compactMap { $0["id"].string }
            next = page["next_cursor"].string.map { "&cursor=\($0)" } ?? ""
        } while !next.isEmpty
        #expect(Set(found) == Set(made))
        #expect(found.count == 5)
    }

    @Test func `what was done is in the event log`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let id = try #require(UUID(uuidString: try await laboratory.makeRule()))
        let rows = try await server.query("SELECT event_type FROM core.events WHERE entity_id = \(id)")
        #expect(try rows.map { try $0.decode(String.self, at: 0) } == ["alert_rule.created"])
    }
}
