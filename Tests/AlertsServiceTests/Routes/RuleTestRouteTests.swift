import EventBus
import Foundation
import Kernel
import Postgres
import Synchronization
import TestKit
import Testing

@testable import AlertsService

/// Rules that are let go over past readings, which a stand-in for the readings service has.
@Suite struct RuleTestRouteTests {
    private let range: [String: JSONValue] = ["from": "1970-01-01T00:00:00Z", "to": "1970-01-02T00:00:00Z"]

    @Test func `a rule tells when it would have fired, over several pages`() async throws {
        let (past, server) = try await Self.start()
        let laboratory = server.laboratory()
        let admin = try await laboratory.client(.admin)
        let (first, second) = (try await laboratory.register(), try await laboratory.register())
        past.set([
            Self.entry(laboratory, [(first, 1, 31), (first, 2, 32)]),
            Self.entry(laboratory, [(first, 3, 20), (second, 1, 20), (second, 5, 40)]),
        ])
        let rule = try await laboratory.makeRule(["enabled": false])
        let answer = try await admin.post("/api/v1/alerts/rules/\(rule)/test", .object(range))
        #expect(answer.status == 200, "\(answer)")
        #expect(answer.json["readings"] == 5 && answer.json["devices"] == 2 && answer.json["truncated"] == false)
        let items = try #require(answer.json["items"].array)
        #expect(items.map { $0["device_id"].string } == [first.text, second.text])
        #expect(items[0]["triggered_at"] == "1970-01-01T00:00:01.000000Z")
        #expect(items[0]["resolved_at"] == "1970-01-01T00:00:03.000000Z")
        #expect(items[0]["message"] == "temperature 31 is above 30" && items[0]["value"] == 31)
        #expect(items[0]["sensor_type"] == "temperature")
        #expect(items[1]["resolved_at"].isNull)
        // Nothing has come of it but the answer.
        #expect(try await laboratory.alerts(first) == [])
        let asked = try #require(past.paths.first)
        #expect(asked.contains("organization_id=\(percentEncode(laboratory.organization.text))"))
        #expect(asked.contains("sensor_types=temperature"))
        try await server.running.stop()
    }

    @Test func `the rule's page tells when it would have fired, and calls devices by their names`() async throws {
        let (past, server) = try await Self.start()
        let laboratory = server.laboratory()
        let device = try await laboratory.register(named: "<b>Cryostat</b>")
        past.set([Self.entry(laboratory, [(device, 1, 31), (device, 2, 20), (device, 3, 40)])])
        let path = "/alerts/rules/\(try await laboratory.makeRule())"
        let page = try await laboratory.browser(.admin).submit("\(path)/test", from: path)
        #expect(page.status == 200, "\(page)")
        #expect(page.text.contains("would have fired 2 times, over 3 readings of 1 devices."))
        #expect(page.text.contains("<td>&lt;b&gt;Cryostat&lt;/b&gt;</td>"))
        #expect(page.text.contains("<td>temperature 31 is above 30</td>"))
        #expect(page.text.contains("<time datetime=\"1970-01-01T00:00:02") && page.text.contains("<td>still open</td>"))
        try await server.running.stop()
    }

    @Test func `no more is told than a thousand alerts`() async throws {
        let (past, server) = try await Self.start()
        let laboratory = server.laboratory()
        let admin = try await laboratory.client(.admin)
        let device = try await laboratory.register()
        let flapping = (0..<2_400).map { (device, Int64($0), $0.isMultiple(of: 2) ? 31.0 : 20) }
        past.set([Self.entry(laboratory, flapping), Self.entry(laboratory, [(device, 5_000, 31)])])
        let rule = try await laboratory.makeRule()
        let answer = try await admin.post("/api/v1/alerts/rules/\(rule)/test", .object(range))
        #expect(answer.json["items"].array?.count == 1_000)
        #expect(answer.json["truncated"] == true && answer.json["readings"] == 2_400)
        try await server.running.stop()
    }

    @Test func `a rule without devices fires nowhere, and asks nobody`() async throws {
        let (past, server) = try await Self.start()
        let laboratory = server.laboratory()
        let rule = try await laboratory.makeRule(["scope": ["tags": ["nothing"]]])
        _ = try await laboratory.register()
        let answer = try await laboratory.client(.admin).post("/api/v1/alerts/rules/\(rule)/test", .object(range))
        #expect(answer.json == ["items": [], "readings": 0, "devices": 0, "truncated": false])
        #expect(past.paths == [])
        try await server.running.stop()
    }

    @Test func `what makes no sense is refused`() async throws {
        let (past, server) = try await Self.start()
        let laboratory = server.laboratory()
        let admin = try await laboratory.client(.admin)
        let rule = try await laboratory.makeRule()
        let path = "/api/v1/alerts/rules/\(rule)/test"
        let mistakes: [([String: JSONValue], String)] = [
            (["from": nil], "from"), (["to": "1970-01-01T00:00:00Z"], "to"), (["to": "1970-02-02T00:00:01Z"], "to"),
            (["to": "soon"], "to"), (["device_ids": []], "device_ids"),
            (["device_ids": [.string(UUID.v7().text)]], "device_ids"),
            (["device_ids": .array((0...100).map { _ in .string(UUID.v7().text) })], "device_ids"),
        ]
        for (changes, field) in mistakes {
            let body = range.merging(changes) { $1 }.filter { $0.value != .null }
            let answer = try await admin.post(path, .object(body))
            #expect(answer.status == 422 && answer.json["errors"][0]["field"].string == field, "\(answer)")
        }
        #expect(try await admin.post("/api/v1/alerts/rules/\(UUID.v7().text)/test", .object(range)).status == 404)
        let stranger = try await server.laboratory().client(.owner)
        #expect(try await stranger.post(path, .object(range)).status == 404)
        let offline = try await laboratory.makeRule([
            "kind": "device_offline", "sensor_type": nil, "condition": nil, "threshold_value": nil,
        ])
        #expect(try await admin.post("/api/v1/alerts/rules/\(offline)/test", .object(range)).status == 409)
        #expect(past.paths == [])
        try await server.running.stop()
    }

    @Test func `while the readings service is away, it is said so`() async throws {
        let (past, server) = try await Self.start()
        let laboratory = server.laboratory()
        _ = try await laboratory.register()
        past.setAway()
        let rule = try await laboratory.makeRule()
        let answer = try await laboratory.client(.admin).post("/api/v1/alerts/rules/\(rule)/test", .object(range))
        #expect(answer.status == 503)
        #expect(answer.header("retry-after") != nil)
        try await server.running.stop()
    }

    /// Pages of past readings, and what was asked for.
    private final class Past: Sendable {
        private let state = Mutex((pages: [TelemetryEntry](), paths: [String](), isAway: false))

        var paths: [String] { state.withLock(\.paths) }

        func set(_ pages: [TelemetryEntry]) { state.withLock { $0.pages = pages } }

        func setAway() { state.withLock { $0.isAway = true } }

        func answer(_ path: String) -> TestHTTPServer.Answer {
            state.withLock { state in
                guard path.hasPrefix("/internal/v1/readings?") else { return (404, "{}") }
                guard !state.isAway else { return (503, "{}") }
                state.paths.append(path)
                let number = path.split(separator: "cursor=").dropFirst().first.flatMap { Int($0) } ?? 0
                let entry = number < state.pages.count ? state.pages[number] : TelemetryEntry()
                let next = number + 1 < state.pages.count ? "\"\(number + 1)\"" : "null"
                return (200, #"{"readings": "\#(Data(entry.bytes).base64EncodedString())", "next": \#(next)}"#)
            }
        }
    }

    private static func start() async throws -> (Past, AlertsServer) {
        let past = Past()
        let readings = try await TestHTTPServer.start { past.answer($0.path) }
        return (past, try await AlertsServer.start(on: try await AlertsServer.makeDatabase(), readings: readings.url))
    }

    /// Temperatures: device, time in seconds, value.
    private static func entry(_ laboratory: Laboratory, _ readings: [(UUID, Int64, Double)]) -> TelemetryEntry {
        readings.reduce(into: TelemetryEntry()) { entry, reading in
            entry.append(
                "temperature", of: reading.0, in: laboratory.organization, at: .seconds(reading.1), value: reading.2,
                quality: 2)
        }
    }
}
