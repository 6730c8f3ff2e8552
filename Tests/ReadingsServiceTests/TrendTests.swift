import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

@Suite struct TrendTests {
    private let path = "/api/v1/readings/trends"
    private let start = Timestamp("2026-03-02T00:00:00Z")!
    private let end = Timestamp("2026-03-04T00:00:00Z")!

    private var range: String { "from=\(start)&to=\(end)" }

    /// The only series of a device's organization.
    private func trend(_ device: TestDevice, _ range: String? = nil, from source: String) async throws -> JSONValue {
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let answer = try await user.get("\(path)?\(range ?? self.range)")
        #expect(answer.status == 200 && answer.json["resolution"].string == source, "\(answer)")
        return answer.json["items"][0]
    }

    /// Whole days, of which the period before has rollups of days; and some with edges, in hours and beside them.
    @Test(arguments: [
        ("2026-03-02T00:00:00Z", "2026-03-04T00:00:00Z", "rollup_1d"),
        ("2026-03-02T07:11:13Z", "2026-03-04T07:11:13Z", "rollup_1d"),
        ("2026-03-03T03:30:00Z", "2026-03-03T15:20:00Z", "rollup_1h"),
        ("2026-03-03T03:10:00Z", "2026-03-03T03:40:00Z", "rows"),
    ])
    func `slope, interval and explained part are what the database computes`(
        from: String, to: String, source: String
    ) async throws {
        let device = try await ReadingsServer.shared().device()
        let (start, end) = (try #require(Timestamp(from)), try #require(Timestamp(to)))
        let before = start.adding(.zero - end.since(start))
        try await device.storeRandom(
            "t", count: 3000, from: self.start.adding(.seconds(-3 * 86_400)), to: self.end.adding(.seconds(86_400)),
            seed: 4)
        let item = try await trend(device, "from=\(start)&to=\(end)", from: source)
        let hour: SQL = "extract(epoch FROM r.time - timestamptz '2026-03-03')::float8 / 3600"
        let expected = try await device.numbers(
            """
            count(*), avg(r.value), regr_slope(r.value, \(hour)), regr_r2(r.value, \(hour)),
            sqrt((regr_syy(r.value, \(hour)) - regr_sxy(r.value, \(hour)) ^ 2 / regr_sxx(r.value, \(hour)))
                / (count(*) - 2) / regr_sxx(r.value, \(hour)))
            """, of: "t", from: start, to: end)
        let previous = try await device.numbers("count(*), avg(r.value)", of: "t", from: before, to: start)
        let margin = StudentDistribution.quantile95(degrees: Int(expected[0]) - 2) * expected[4]
        let found: [(JSONValue, Double)] = [
            (item["current"]["count"], expected[0]), (item["current"]["mean"], expected[1]),
            (item["slope_per_hour"], expected[2]), (item["r_squared"], expected[3]),
            (item["slope_95"]["low"], expected[2] - margin), (item["slope_95"]["high"], expected[2] + margin),
            (item["previous"]["count"], previous[0]), (item["previous"]["mean"], previous[1]),
            (item["change"], expected[1] - previous[1]),
            (item["change_percent"], (expected[1] - previous[1]) / previous[1] * 100),
        ]
        for (value, right) in found { #expect(right.isNearly(value.double), "\(value), not \(right)") }
    }

    @Test func `small changes of large values are seen`() async throws {
        let device = try await ReadingsServer.shared().device()
        // A hundredth of a pascal more each hour.
        let readings = (0..<48).map { hour in
            (time: start.adding(.seconds(hour * 3600)), value: 101_325 + Double(hour) / 100)
        }
        try await device.store("pressure", unit: "Pa", readings)
        let item = try await trend(device, from: "rows")
        #expect(item["slope_per_hour"].double.map { abs($0 - 0.01) < 1e-9 } == true)
        #expect(item["r_squared"].double.map { $0 > 0.999_999 } == true)
        #expect(item["previous"] == ["count": 0, "mean": nil] && item["change"].isNull)
    }

    @Test func `without readings, or with one, there is no line`() async throws {
        let device = try await ReadingsServer.shared().device()
        try await device.store("t", [(start.adding(.seconds(-1)), 4), (start, 5), (end, 9)])
        // The period before has whole days.
        let item = try await trend(device, from: "rollup_1d")
        #expect(item["current"] == ["count": 1, "mean": 5] && item["previous"] == ["count": 1, "mean": 4])
        #expect(item["change"] == 1 && item["change_percent"] == 25)
        for name in ["slope_per_hour", "slope_95", "r_squared"] { #expect(item[name].isNull) }
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let empty = try await user.get("\(path)?from=\(start)&to=\(start)").json["items"][0]
        #expect(empty["current"] == ["count": 0, "mean": nil] && empty["slope_per_hour"].isNull)
    }

    @Test func `only numbers have trends`() async throws {
        let device = try await ReadingsServer.shared().device()
        _ = try await device.send(
            ["sensor_type": "open", "value": true], ["sensor_type": "label", "value": "A"],
            ["sensor_type": "t", "value": 1])
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let items = try await user.get(path).json["items"].array ?? []
        #expect(items.map { $0["sensor_type"] } == ["t"])
    }
}
