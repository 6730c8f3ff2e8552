import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

@Suite struct StatisticsTests {
    private let start = Timestamp("2026-03-01T00:00:00Z")!
    private let end = Timestamp("2026-03-08T00:00:00Z")!

    private var week: String { "from=\(start)&to=\(end)" }

    @Test func `the numbers of a series are those that the database computes`() async throws {
        let device = try await ReadingsServer.shared().device()
        try await device.storeRandom("t", count: 700, from: start, to: end, seed: 1)
        // What lies outside of the range does not count.
        let (from, to) = (start.adding(.seconds(86_400)), start.adding(.seconds(3 * 86_400)))
        let answer = try await device.client.get(
            "\(device.path)/stats?from=\(from)&to=\(to)&percentiles=percentile_99,percentile_50,percentile_95")
        #expect(answer.status == 200)
        #expect(answer.json["resolution"] == "rows")
        #expect(answer.json["from"].string == from.rfc3339 && answer.json["to"].string == to.rfc3339)
        let item = answer.json["items"][0]
        let expected = try await device.numbers(
            """
            count(*), sum(r.value), avg(r.value), min(r.value), max(r.value), stddev_samp(r.value),
            (array_agg(r.value ORDER BY r.time))[1], (array_agg(r.value ORDER BY r.time DESC))[1],
            percentile_cont(0.5) WITHIN GROUP (ORDER BY r.value),
            percentile_cont(0.95) WITHIN GROUP (ORDER BY r.value),
            percentile_cont(0.99) WITHIN GROUP (ORDER BY r.value)
            """, of: "t", from: from, to: to)
        let found = ["count", "sum", "mean", "min", "max", "stddev"].map { item[$0].double }
        let others = [item["first"]["value"].double, item["last"]["value"].double]
        let percentiles = ["percentile_50", "percentile_95", "percentile_99"].map { item["percentiles"][$0].double }
        for (value, right) in zip(found + others + percentiles, expected) {
            #expect(right.isNearly(value), "\(String(describing: value)), not \(right)")
        }
        let times = try await device.stored().map(\.time).filter { $0 >= from && $0 < to }
        #expect(item["first"]["time"].string == times.first?.rfc3339)
        #expect(item["last"]["time"].string == times.last?.rfc3339)
        #expect(item["text_count"] == 0 && item["unit"] == "°C" && item["device_id"].string == device.id.text)
    }

    @Test func `text is counted apart, and booleans are 0 and 1`() async throws {
        let device = try await ReadingsServer.shared().device()
        for (label, isOpen) in [("A", true), ("B", false), ("C", true), ("D", true)] {
            _ = try await device.send(
                ["sensor_type": "label", "value": .string(label)], ["sensor_type": "open", "value": .bool(isOpen)])
        }
        let items = try await device.client.get("\(device.path)/stats?order=asc").json["items"].array ?? []
        let text = try #require(items.first { $0["sensor_type"] == "label" })
        #expect(text["count"] == 0 && text["text_count"] == 4 && text["mean"].isNull)
        #expect(text["first"]["value"] == "A" && text["last"]["value"] == "D")
        let open = try #require(items.first { $0["sensor_type"] == "open" })
        #expect(open["count"] == 4 && open["mean"] == 0.75 && open["first"]["value"] == true)
        #expect(open["percentiles"].isNull)
    }

    @Test func `a series without readings in the range has none of the numbers`() async throws {
        let device = try await ReadingsServer.shared().device()
        try await device.store("t", [(start, 1), (start.adding(.seconds(60)), 2)])
        for range in ["from=\(end)&to=\(end.adding(.seconds(60)))", "from=\(start)&to=\(start)"] {
            let item = try await device.client.get("\(device.path)/stats?\(range)&percentiles=percentile_50").json[
                "items"][0]
            #expect(item["count"] == 0 && item["sensor_type"] == "t")
            for name in ["sum", "mean", "min", "max", "stddev", "first", "last"] { #expect(item[name].isNull) }
            #expect(item["percentiles"] == ["percentile_50": nil])
        }
        // A single number has no deviation.
        let single = try await device.client.get("\(device.path)/stats?from=\(start)&to=\(start.adding(.seconds(1)))")
        #expect(single.json["items"][0]["mean"] == 1 && single.json["items"][0]["stddev"].isNull)
    }

    @Test func `the series of an organization come page by page`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        for number in 0..<5 { try await device.store("t\(number)", [(start, Double(number))]) }
        let user = try await server.service.user(.viewer, of: device.organization)
        var means: [Double] = []
        var cursor: String?
        repeat {
            let page = try await user.get(
                "/api/v1/readings/stats?\(week)&limit=2&order=asc" + (cursor.map { "&cursor=\($0)" } ?? "")
            ).json
            means += page["items"].array?.compactMap { $0["mean"].double } ?? []
            cursor = page["next_cursor"].string
        } while cursor != nil
        #expect(means == [0, 1, 2, 3, 4])
        let filtered = try await user.get("/api/v1/readings/stats?\(week)&sensor_type=t1,t3&order=asc").json
        #expect(filtered["items"].array?.map { $0["mean"] } == [1, 3])
    }

    @Test(arguments: ["percentiles=p42", "percentiles=95", "from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z"])
    func `a parameter that cannot be used is 422 and named`(query: String) async throws {
        let device = try await ReadingsServer.shared().device()
        let answer = try await device.client.get("\(device.path)/stats?\(query)")
        #expect(answer.status == 422)
        #expect(answer.json["errors"][0]["field"].string == String(query.prefix { $0 != "=" }))
    }
}
