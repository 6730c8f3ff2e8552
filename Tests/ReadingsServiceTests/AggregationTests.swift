import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

@Suite struct AggregationTests {
    private let path = "/api/v1/readings/aggregation"
    private let functions = AggregateFunction.allCases.map(\.rawValue)

    /// A member of the device's organization.
    private func member(for device: TestDevice) async throws -> TestHTTPClient {
        try await device.server.service.user(.viewer, of: device.organization)
    }

    /// The buckets as PostgreSQL forms them: when each begins, and its numbers in the order of `functions`.
    private func buckets(
        of device: TestDevice, _ sensor: String, from start: Timestamp, to end: Timestamp, by bucket: SQL
    ) async throws -> [(time: Timestamp, numbers: [Double?])] {
        try await device.server.service.query(
            """
            SELECT \(bucket), ARRAY[avg(r.value), min(r.value), max(r.value), sum(r.value), count(*),
                (array_agg(r.value ORDER BY r.time))[1], (array_agg(r.value ORDER BY r.time DESC))[1],
                stddev_samp(r.value), percentile_cont(0.5) WITHIN GROUP (ORDER BY r.value),
                percentile_cont(0.95) WITHIN GROUP (ORDER BY r.value),
                percentile_cont(0.99) WITHIN GROUP (ORDER BY r.value)]::float8[]
            FROM readings.series AS s JOIN readings.readings AS r ON r.series_id = s.id
            WHERE s.device_id = \(device.id) AND s.sensor_type = \(sensor) AND r.time >= \(start) AND r.time < \(end)
            GROUP BY 1 ORDER BY 1
            """
        ).map { try $0.decode(Timestamp.self, [Double?].self) }
    }

    private func expect(
        _ points: [JSONValue], are expected: [(time: Timestamp, numbers: [Double?])], _ interval: String
    ) {
        #expect(points.map { $0["time"].string } == expected.map(\.time.rfc3339), "\(interval)")
        for (point, bucket) in zip(points, expected) {
            for (name, number) in zip(functions, bucket.numbers) {
                let isRight = number.map { $0.isNearly(point[name].double) } ?? point[name].isNull
                #expect(
                    isRight, "\(interval) \(bucket.time) \(name): \(point[name]), not \(String(describing: number))")
            }
        }
    }

    @Test func `every function is what the database computes, for buckets of fixed and of calendar length`()
        async throws
    {
        let device = try await ReadingsServer.shared().device()
        // Months of 31, 28, 31 and 30 days, and both the day of 23 hours in them.
        let (start, end) = (Timestamp("2026-01-15T10:20:30Z")!, Timestamp("2026-04-20T00:00:00Z")!)
        try await device.storeRandom("t", count: 1500, from: start, to: end, seed: 2)
        let member = try await member(for: device)
        let zone: SQL = "'Europe/Berlin'"
        let cuts: [(interval: String, bucket: SQL)] = [
            ("15m", "date_bin('15 minutes', r.time, timestamptz '2001-01-01 00:00+01')"),
            ("6h", "date_bin('6 hours', r.time, timestamptz '2001-01-01 00:00+01')"),
            ("1d", "date_trunc('day', r.time, \(zone))"), ("1w", "date_trunc('week', r.time, \(zone))"),
            ("1M", "date_trunc('month', r.time, \(zone))"), ("3M", "date_trunc('quarter', r.time, \(zone))"),
            ("12M", "date_trunc('year', r.time, \(zone))"),
        ]
        for (interval, bucket) in cuts {
            let answer = try await member.get(
                "\(path)?from=\(start)&to=\(end)&interval=\(interval)&tz=Europe/Berlin"
                    + "&aggregation=\(functions.joined(separator: ","))")
            #expect(answer.status == 200, "\(answer)")
            #expect(answer.json["resolution"] == "rows" && answer.json["interval"].string == interval)
            let points = answer.json["series"][0]["points"].array ?? []
            expect(
                points, are: try await buckets(of: device, "t", from: start, to: end, by: bucket), interval)
        }
    }

    @Test(arguments: [("2026-03-29", 23), ("2025-10-26", 25)])
    func `a day on which the clocks change has as many hours as it has`(day: String, hours: Int) async throws {
        let device = try await ReadingsServer.shared().device()
        // A reading at every half hour, from the day before to the day after.
        let noon = Timestamp("\(day)T12:00:00Z")!
        let readings = (-72...72).map { (time: noon.adding(.seconds($0 * 1800 + 900)), value: 1.0) }
        try await device.store("t", readings)
        let query = "from=\(readings[0].time)&to=\(noon.adding(.seconds(37 * 3600)))&aggregation=count"
        let member = try await member(for: device)
        let days = try await member.get("\(path)?\(query)&interval=1d&tz=Europe/Berlin").json
        let counts = days["series"][0]["points"].array?.map { $0["count"].int } ?? []
        try #require(counts.count == 4)
        #expect(counts[1] == hours * 2)
        let hourly = try await member.get("\(path)?\(query)&interval=1h&tz=Europe/Berlin").json
        let begun = hourly["series"][0]["points"].array?.filter { point in
            let start = days["series"][0]["points"][1]["time"].string ?? ""
            let end = days["series"][0]["points"][2]["time"].string ?? ""
            return (start..<end).contains(point["time"].string ?? "")
        }
        #expect(begun?.count == hours && begun?.allSatisfy { $0["count"] == 2 } == true)
    }

    @Test func `several devices and sensors are answered at once, each with all of its buckets when they are filled`()
        async throws
    {
        let server = try await ReadingsServer.shared()
        let organization = UUID.v7()
        let devices = [try await server.device(of: organization), try await server.device(of: organization)]
            .sorted { $0.id.text < $1.id.text }
        let start = Timestamp("2026-05-04T00:00:00Z")!
        for device in devices {
            try await device.store("a", [(start, 1), (start.adding(.seconds(180)), 4)])
            try await device.store("b", [(start.adding(.seconds(60)), 7)])
            try await device.store("c", [(start, 9)])
        }
        let member = try await member(for: devices[0])
        let range = "from=\(start)&to=\(start.adding(.seconds(240)))&interval=1m"
        let ids = devices.map(\.id.text).joined(separator: ",")
        let query = "\(path)?\(range)&sensor_type=a,b&device_id=\(ids)&aggregation=avg&aggregation=count"
        let series = try await member.get("\(query)&fill=linear").json["series"].array ?? []
        #expect(series.map { $0["device_id"].string } == devices.flatMap { [$0.id.text, $0.id.text] })
        #expect(series.map { $0["sensor_type"].string } == ["a", "b", "a", "b"])
        for (index, one) in series.enumerated() {
            let points = try #require(one["points"].array)
            let averages: [JSONValue] = index % 2 == 0 ? [1, 2, 3, 4] : [nil, 7, nil, nil]
            #expect(points.map { $0["avg"] } == averages)
            #expect(points.map { $0["count"] } == (index % 2 == 0 ? [1, 0, 0, 1] : [0, 1, 0, 0]))
        }
        let sparse = try await member.get(query).json["series"].array ?? []
        #expect(sparse.map { $0["points"].array?.count } == [2, 1, 2, 1])
        // Nothing but the average where nothing is said.
        let plain = try await member.get("\(path)?\(range)&sensor_type=b").json["series"][0]["points"][0]
        #expect(plain == ["time": .string(start.adding(.seconds(60)).rfc3339), "avg": 7])
    }

    @Test func `text has no buckets, and an empty range none either`() async throws {
        let device = try await ReadingsServer.shared().device()
        _ = try await device.send(["sensor_type": "label", "value": "A"], ["sensor_type": "open", "value": true])
        let member = try await member(for: device)
        let now = Timestamp.now
        let hour = "from=\(now.adding(.seconds(-3600)))&to=\(now.adding(.seconds(60)))&interval=2h"
        let series = try await member.get("\(path)?\(hour)").json["series"].array ?? []
        #expect(series.map { $0["sensor_type"] } == ["open"])
        for interval in ["1h", "1d", "1M"] {
            let empty = try await member.get("\(path)?from=\(now)&to=\(now)&interval=\(interval)&fill=zero")
            #expect(empty.json["series"][0]["points"] == [], "\(empty)")
        }
    }

    @Test func `too many buckets are refused, and the interval that is named fits`() async throws {
        let device = try await ReadingsServer.shared().device()
        let start = Timestamp("2026-01-01T00:00:00Z")!
        for sensor in ["a", "b", "c"] { try await device.store(sensor, [(start, 1)]) }
        let member = try await member(for: device)
        for (days, sensors, named) in [
            (30, "a", "5m"), (30, "a,b,c", "15m"), (700, "a,b,c", "6h"), (1800, "a,b,c", "1d"),
        ] {
            let query = "\(path)?from=\(start)&to=\(start.adding(.seconds(days * 86_400)))&sensor_type=\(sensors)"
            let refusal = try await member.get("\(query)&interval=1s")
            #expect(refusal.status == 422 && refusal.json["errors"][0]["field"] == "interval")
            #expect(refusal.json["errors"][0]["message"].string?.hasSuffix(": \(named) fits") == true, "\(refusal)")
            #expect(try await member.get("\(query)&interval=\(named)&fill=null").status == 200)
        }
        // As many as are allowed, and one more.
        let most = "\(path)?from=\(start)&interval=1s&sensor_type=a"
        #expect(try await member.get("\(most)&to=\(start.adding(.seconds(10_000)))").status == 200)
        #expect(try await member.get("\(most)&to=\(start.adding(.seconds(10_001)))").status == 422)
    }

    @Test(arguments: [
        ("from", "to=2026-03-02T00:00:00Z&interval=1h"), ("to", "from=2026-03-01T00:00:00Z&interval=1h"),
        ("interval", "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z"),
        ("interval", "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&interval=0m"),
        ("interval", "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&interval=hour"),
        ("from", "from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z&interval=1h"),
        ("tz", "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&interval=1h&tz=Europe/Atlantis"),
        ("tz", "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&interval=1d&tz=UTC%2B3"),
        ("aggregation", "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&interval=1h&aggregation=mode"),
        ("fill", "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&interval=1h&fill=cubic"),
    ])
    func `what cannot be used is 422 and named`(field: String, query: String) async throws {
        let device = try await ReadingsServer.shared().device()
        let answer = try await member(for: device).get("\(path)?\(query)")
        #expect(answer.status == 422, "\(answer)")
        #expect(answer.json["errors"][0]["field"].string == field)
    }
}
