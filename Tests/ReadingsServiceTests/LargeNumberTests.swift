import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// Numbers that PostgreSQL cannot add up, of sensors that answers have beside others.
@Suite struct LargeNumberTests {
    private let start = Timestamp("2026-03-02T00:00:00Z")!

    private var day: String { "from=\(start)&to=\(start.adding(.seconds(86_400)))" }

    /// `huge`, whose numbers' squares and differences a double does not hold, `tiny`, whose squares it takes for nothing, and
    /// `t` with 1 and 3, hour by hour.
    private func device() async throws -> TestDevice {
        let device = try await ReadingsServer.shared().device()
        let sensors: [(name: String, values: [Double])] = [
            ("huge", [1.5e308, -1.7e308]), ("tiny", [3e-162, 0, 0, 0, 0]), ("t", [1, 3]),
        ]
        for sensor in sensors {
            try await device.store(
                sensor.name, sensor.values.enumerated().map { (start.adding(.seconds($0 * 3600)), $1) })
        }
        return device
    }

    /// What is answered of each sensor, by its name.
    private func items(_ device: TestDevice, _ path: String, in list: String = "items") async throws
        -> [String: JSONValue]
    {
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let answer = try await user.get("/api/v1/\(path)")
        #expect(answer.status == 200, "\(answer)")
        let items = answer.json[list].array ?? []
        return Dictionary(items.map { ($0["sensor_type"].string ?? "", $0) }) { $1 }
    }

    @Test(arguments: [("", ReadingSource.days), ("&percentiles=percentile_50", .rows)])
    func `statistics know all but the sums, from rollups and from readings`(
        query: String, source: ReadingSource
    ) async throws {
        let device = try await device()
        #expect(
            try await device.client.get("\(device.path)/stats?\(day)\(query)").json["resolution"]
                == .string(source.name))
        let items = try await items(device, "readings/stats?\(day)\(query)")
        let huge = items["huge"] ?? .null
        #expect(huge["count"] == 2 && huge["min"] == -1.7e308 && huge["max"] == 1.5e308, "\(huge)")
        #expect(huge["first"]["value"] == 1.5e308 && huge["last"]["value"] == -1.7e308)
        for name in ["sum", "mean", "stddev"] { #expect(huge[name].isNull, "\(name)") }
        // Their distance is beyond a double, too.
        #expect(huge["percentiles"]["percentile_50"].isNull)
        #expect(
            items["t"]?["sum"] == 4 && items["t"]?["mean"] == 2 && items["t"]?["stddev"] == .number(2.0.squareRoot()))
        #expect(items["tiny"]?["count"] == 5 && items["tiny"]?["max"] == 3e-162 && items["tiny"]?["stddev"] == 0)
    }

    @Test(arguments: [("1d", ReadingSource.days), ("2h", .hours), ("150s", .rows)])
    func `so do buckets`(interval: String, source: ReadingSource) async throws {
        let device = try await device()
        let functions = "min,max,first,last,count,sum,avg,stddev"
        let series = try await items(
            device, "readings/aggregation?\(day)&interval=\(interval)&aggregation=\(functions)", in: "series")
        let points = series["huge"]?["points"].array ?? []
        #expect(points.compactMap { $0["count"].double }.reduce(0, +) == 2)
        #expect(points.first?["first"] == 1.5e308 && points.last?["last"] == -1.7e308)
        #expect(points.first?["max"] == 1.5e308 && points.last?["min"] == -1.7e308)
        for name in ["sum", "avg", "stddev"] { #expect(points.allSatisfy { $0[name].isNull }, "\(name)") }
        #expect(series["t"]?["points"].array?.last?["avg"] == (source == .rows ? 3 : 2))
    }

    @Test func `a summary, trends and a report have them beside others`() async throws {
        let device = try await device()
        let sensors = try await items(device, "analytics/summary?\(day)", in: "sensor_types")
        let huge = sensors["huge"] ?? .null
        #expect(huge["readings"] == 2 && huge["min"] == -1.7e308 && huge["max"] == 1.5e308 && huge["mean"].isNull)
        #expect(sensors["t"]?["mean"] == 2 && sensors["tiny"]?["readings"] == 5)
        for path in ["analytics/trends", "readings/trends"] {
            let trends = try await items(device, "\(path)?\(day)")
            #expect(trends["huge"]?["current"] == ["count": 2, "mean": nil], "\(path)")
            #expect(trends["huge"]?["slope_per_hour"].isNull == true)
            #expect(trends["t"]?["current"] == ["count": 2, "mean": 2])
            let next = "from=\(start.adding(.seconds(86_400)))&to=\(start.adding(.seconds(2 * 86_400)))"
            let later = try await items(device, "\(path)?\(next)")
            #expect(later["huge"]?["previous"] == ["count": 2, "mean": nil] && later["huge"]?["change"].isNull == true)
            #expect(later["t"]?["previous"] == ["count": 2, "mean": 2])
        }
        let lines = try await items(device, "analytics/reports?period=day&at=\(start)")
        #expect(
            lines["huge"]?["count"] == 2 && lines["huge"]?["min"] == -1.7e308 && lines["huge"]?["mean"].isNull == true)
        #expect(lines["t"]?["mean"] == 2)
        let user = try await device.server.service.user(.viewer, of: device.organization)
        #expect(try await user.get("/api/v1/analytics/reports?period=day&at=\(start)&format=csv").status == 200)
    }

    @Test func `what is beyond a double in another unit is null`() async throws {
        let device = try await device()
        let unit = "unit=%C2%B0F"
        let statistics = try await items(device, "readings/stats?\(day)&\(unit)")
        #expect(statistics["huge"]?["count"] == 2 && statistics["huge"]?["min"].isNull == true)
        #expect(statistics["huge"]?["first"]["value"].isNull == true)
        #expect(35.6.isNearly(statistics["t"]?["mean"].double))
        let sensors = try await items(device, "analytics/summary?\(day)&\(unit)", in: "sensor_types")
        #expect(sensors["huge"]?["readings"] == 2 && sensors["huge"]?["max"].isNull == true)
        #expect(35.6.isNearly(sensors["t"]?["mean"].double) && 32.0.isNearly(sensors["tiny"]?["min"].double))
    }

    @Test func `their hours are rolled up, and counted`() async throws {
        let device = try await device()
        #expect(try await device.rollups("readings.rollup_1h").map(\.count) == Array(repeating: 1, count: 9))
        #expect(try await device.rollups("readings.rollup_1d").map(\.count) == [2, 5, 2])
    }
}
