import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// `unit=` on the routes that answer numbers.
@Suite struct UnitQueryTests {
    private let start = Timestamp("2026-03-02T00:00:00Z")!
    private let fahrenheit = "unit=%C2%B0F"

    private var day: String { "from=\(start)&to=\(start.adding(.seconds(86_400)))" }

    /// 10, 20 and 60 °C, an hour apart: 50, 68 and 140 °F.
    private func device() async throws -> TestDevice {
        let device = try await ReadingsServer.shared().device()
        try await device.store("t", [10.0, 20, 60].enumerated().map { (start.adding(.seconds($0 * 3600)), $1) })
        return device
    }

    private func viewer(of device: TestDevice) async throws -> TestHTTPClient {
        try await device.server.service.user(.viewer, of: device.organization)
    }

    private func expect(_ found: [JSONValue], are numbers: [Double], line: SourceLocation = #_sourceLocation) {
        #expect(found.count == numbers.count, sourceLocation: line)
        for (value, number) in zip(found, numbers) {
            #expect(number.isNearly(value.double), "\(value), not \(number)", sourceLocation: line)
        }
    }

    @Test func `readings, the newest and a chart come in the unit`() async throws {
        let device = try await device()
        for query in ["?order=asc&", "?points=3&order=asc&"] {
            let items =
                try await device.client.get("\(device.path)\(query)\(day)&\(fahrenheit)").json["items"].array ?? []
            expect(items.map { $0["value"] }, are: [50, 68, 140])
            #expect(items.allSatisfy { $0["unit"] == "°F" })
        }
        let newest = try await device.client.get("\(device.path)/latest?unit=degF").json["items"][0]
        expect([newest["value"]], are: [140])
        #expect(newest["unit"] == "°F")
        let kelvin =
            try await viewer(of: device).get("/api/v1/readings?\(day)&order=asc&unit=K").json["items"].array ?? []
        expect(kelvin.map { $0["value"] }, are: [283.15, 293.15, 333.15])
    }

    @Test func `statistics come in the unit`() async throws {
        let device = try await device()
        let item = try await device.client.get(
            "\(device.path)/stats?\(day)&\(fahrenheit)&percentiles=percentile_50,percentile_95"
        ).json["items"][0]
        #expect(item["unit"] == "°F" && item["count"] == 3)
        expect(
            [
                item["sum"], item["mean"], item["min"], item["max"], item["stddev"], item["first"]["value"],
                item["last"]["value"], item["percentiles"]["percentile_50"], item["percentiles"]["percentile_95"],
            ], are: [258, 86, 50, 140, 2268.0.squareRoot(), 50, 140, 68, 68 + 0.9 * 72])
    }

    @Test func `aggregations and trends come in the unit`() async throws {
        let device = try await device()
        let viewer = try await viewer(of: device)
        let aggregation = try await viewer.get(
            "/api/v1/readings/aggregation?\(day)&interval=2h&aggregation=avg,sum,count,stddev&\(fahrenheit)"
        ).json
        #expect(aggregation["series"][0]["unit"] == "°F")
        let points = aggregation["series"][0]["points"].array ?? []
        expect(points.map { $0["avg"] }, are: [59, 140])
        expect(points.map { $0["sum"] }, are: [118, 140])
        #expect(points.map { $0["count"] } == [2, 1])
        expect([points[0]["stddev"]], are: [(162.0).squareRoot()])
        let trend = try await viewer.get("/api/v1/readings/trends?\(day)&\(fahrenheit)").json["items"][0]
        expect([trend["current"]["mean"], trend["slope_per_hour"]], are: [86, 45])
    }

    @Test func `a summary, the trend of a sensor type and a report come in the unit`() async throws {
        let device = try await device()
        let viewer = try await viewer(of: device)
        let summary = try await viewer.get("/api/v1/analytics/summary?\(day)&\(fahrenheit)").json["sensor_types"][0]
        #expect(summary["unit"] == "°F" && summary["readings"] == 3)
        expect([summary["min"], summary["mean"], summary["max"]], are: [50, 86, 140])
        let report = "/api/v1/analytics/reports?period=day&at=\(start)&\(fahrenheit)"
        let line = try await viewer.get(report).json["items"][0]
        #expect(line["unit"] == "°F" && line["count"] == 3)
        expect(
            [
                line["min"], line["mean"], line["max"], line["stddev"], line["percentile_95"], line["first"]["value"],
                line["last"]["value"],
            ], are: [50, 86, 140, 2268.0.squareRoot(), 68 + 0.9 * 72, 50, 140])
        let table = try await viewer.get("\(report)&format=csv").text
        #expect(table.contains("\(device.id.text),t,°F,3,"))
        // Half a degree more each hour, of two days and a half.
        let rising = try await ReadingsServer.shared().device()
        try await rising.store("t", (0..<60).map { (start.adding(.seconds($0 * 3600)), 10 + 0.5 * Double($0)) })
        let range = "from=\(start)&to=\(start.adding(.seconds(60 * 3600)))"
        let trend = try await self.viewer(of: rising).get("/api/v1/analytics/trends?\(range)&\(fahrenheit)").json[
            "items"][0]
        #expect(trend["unit"] == "°F")
        expect([trend["current"]["mean"], trend["slope_per_hour"]], are: [32 + 1.8 * 24.75, 0.9])
    }

    @Test func `series of a sensor type that are recorded in several units are summed up in the one asked for`()
        async throws
    {
        let device = try await device()
        let other = try await device.server.device(of: device.organization)
        // 10 and 20 °C.
        try await other.store("t", unit: "°F", [(start, 50), (start.adding(.seconds(3600)), 68)])
        let viewer = try await viewer(of: device)
        let sensors = try await viewer.get("/api/v1/analytics/summary?\(day)&unit=K").json["sensor_types"].array ?? []
        try #require(sensors.count == 1)
        #expect(sensors[0]["series"] == 2 && sensors[0]["devices"] == 2 && sensors[0]["readings"] == 5)
        expect([sensors[0]["min"], sensors[0]["mean"], sensors[0]["max"]], are: [283.15, 24 + 273.15, 333.15])
        let trends = try await viewer.get("/api/v1/analytics/trends?\(day)&unit=K").json["items"].array ?? []
        try #require(trends.count == 1)
        #expect(trends[0]["series"] == 2 && trends[0]["current"]["count"] == 5)
        expect([trends[0]["current"]["mean"]], are: [24 + 273.15])
        // Without one they are told apart.
        #expect(try await viewer.get("/api/v1/analytics/summary?\(day)").json["sensor_types"].array?.count == 2)
    }

    @Test func `a series that does not come in the unit is named, wherever it is asked for`() async throws {
        let device = try await device()
        _ = try await device.send(["sensor_type": "p", "value": 1013, "unit": "hPa"])
        let viewer = try await viewer(of: device)
        for path in [device.path, "\(device.path)/latest", "\(device.path)/stats"] {
            let refusal = try await viewer.get("\(path)?\(day)&\(fahrenheit)")
            #expect(refusal.status == 422 && refusal.json["errors"][0]["field"] == "unit", "\(refusal)")
            #expect(refusal.json["errors"][0]["message"].string?.contains("\"p\" is recorded in \"hPa\"") == true)
            #expect(try await viewer.get("\(path)?\(day)&\(fahrenheit)&sensor_type=t").status == 200)
        }
        for path in ["", "/stats", "/trends", "/aggregation"] {
            let refusal = try await viewer.get("/api/v1/readings\(path)?\(day)&interval=1h&\(fahrenheit)")
            #expect(refusal.status == 422 && refusal.json["errors"][0]["field"] == "unit", "\(refusal)")
        }
        for path in ["summary?", "trends?", "reports?period=day&", "reports?period=day&format=csv&"] {
            let refusal = try await viewer.get("/api/v1/analytics/\(path)\(fahrenheit)")
            #expect(refusal.status == 422 && refusal.json["errors"][0]["field"] == "unit", "\(refusal)")
            #expect(try await viewer.get("/api/v1/analytics/\(path)\(fahrenheit)&sensor_type=t").status == 200)
        }
    }

    @Test func `text and booleans have no unit`() async throws {
        let device = try await ReadingsServer.shared().device()
        _ = try await device.send(["sensor_type": "open", "value": true], ["sensor_type": "label", "value": "A"])
        for sensor in ["open", "label"] {
            let refusal = try await device.client.get("\(device.path)/latest?unit=K&sensor_type=\(sensor)")
            #expect(refusal.status == 422 && refusal.json["errors"][0]["field"] == "unit", "\(refusal)")
        }
    }

    @Test func `what is no unit is refused, and one of its own name is as good as any`() async throws {
        let device = try await ReadingsServer.shared().device()
        try await device.store("x", unit: "quux", [(start, 1)])
        #expect(try await device.client.get("\(device.path)?\(day)&unit=quux").json["items"][0]["value"] == 1)
        for unit in [String(repeating: "u", count: 33), "a%01"] {
            #expect(try await device.client.get("\(device.path)?\(day)&unit=\(unit)").status == 422)
        }
    }
}
