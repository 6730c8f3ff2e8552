import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// What is answered from rollups is what the readings come to.
@Suite struct RollupTests {
    /// A cut of time into buckets, and from what it can be answered.
    struct Cut: Sendable, CustomTestStringConvertible {
        let interval: String
        let zone: String
        let bucket: SQL
        let source: ReadingSource

        var testDescription: String { "\(interval) in \(zone)" }
    }

    /// Over the day on which clocks are put forward in Berlin, with an edge of less than a minute at either end.
    private static let start = Timestamp("2026-03-26T10:20:30Z")!
    private static let end = Timestamp("2026-03-31T17:41:11Z")!

    /// A sensor with some 300 readings an hour, and one with four.
    private static let fixture = Task {
        let device = try await ReadingsServer.shared().device()
        try await device.storeRandom("dense", count: 40_000, from: start, to: end, seed: 11)
        try await device.storeRandom("sparse", count: 500, from: start, to: end, seed: 12)
        return device
    }

    private let functions: [AggregateFunction] = [.avg, .min, .max, .sum, .count, .first, .last, .stddev]

    @Test(arguments: [
        Cut(interval: "1w", zone: "UTC", bucket: "date_trunc('week', r.time, 'UTC')", source: .days),
        Cut(interval: "1d", zone: "UTC", bucket: "date_trunc('day', r.time, 'UTC')", source: .days),
        Cut(
            interval: "1d", zone: "Europe/Berlin", bucket: "date_trunc('day', r.time, 'Europe/Berlin')",
            source: .hours),
        Cut(
            interval: "7h", zone: "Europe/Berlin",
            bucket: "date_bin('7 hours', r.time, timestamptz '2001-01-01 00:00+01')", source: .hours),
        Cut(
            interval: "1d", zone: "Asia/Kolkata", bucket: "date_trunc('day', r.time, 'Asia/Kolkata')",
            source: .minutes),
        Cut(
            interval: "1h", zone: "Asia/Kolkata",
            bucket: "date_bin('1 hour', r.time, timestamptz '2001-01-01 00:00+05:30')", source: .minutes),
        Cut(interval: "15m", zone: "UTC", bucket: "date_bin('15 minutes', r.time, 'epoch')", source: .minutes),
        Cut(interval: "150s", zone: "UTC", bucket: "date_bin('150 seconds', r.time, 'epoch')", source: .rows),
    ])
    func `every level has the numbers that the readings come to, in every zone and to the edges`(cut: Cut) async throws
    {
        let device = try await Self.fixture.value
        let member = try await device.server.service.user(.viewer, of: device.organization)
        let answer = try await member.get(
            "/api/v1/readings/aggregation?from=\(Self.start)&to=\(Self.end)&interval=\(cut.interval)"
                + "&tz=\(cut.zone)&aggregation=\(functions.map(\.rawValue).joined(separator: ","))")
        #expect(answer.status == 200, "\(answer)")
        #expect(answer.json["resolution"].string == cut.source.name)
        for series in answer.json["series"].array ?? [] {
            let sensor = series["sensor_type"].string ?? ""
            let expected = try await buckets(of: device, sensor, by: cut.bucket)
            let points = series["points"].array ?? []
            #expect(points.map { $0["time"].string } == expected.map(\.time.rfc3339), "\(sensor)")
            for (point, bucket) in zip(points, expected) {
                for (function, number) in zip(functions, bucket.numbers) {
                    let value = point[function.rawValue]
                    let isRight = number.map { $0.isNearly(value.double) } ?? value.isNull
                    #expect(
                        isRight, "\(sensor) \(bucket.time) \(function): \(value), not \(String(describing: number))")
                }
            }
        }
    }

    /// The buckets as PostgreSQL forms them of the readings, with the numbers in the order of `functions`.
    private func buckets(
        of device: TestDevice, _ sensor: String, by bucket: SQL
    ) async throws -> [(time: Timestamp, numbers: [Double?])] {
        try await device.server.service.query(
            """
            SELECT \(bucket), ARRAY[avg(r.value), min(r.value), max(r.value), sum(r.value), count(*),
                (array_agg(r.value ORDER BY r.time))[1], (array_agg(r.value ORDER BY r.time DESC))[1],
                stddev_samp(r.value)]::float8[]
            FROM readings.series AS s JOIN readings.readings AS r ON r.series_id = s.id
            WHERE s.device_id = \(device.id) AND s.sensor_type = \(sensor)
                AND r.time >= \(Self.start) AND r.time < \(Self.end)
            GROUP BY 1 ORDER BY 1
            """
        ).map { try $0.decode(Timestamp.self, [Double?].self) }
    }

    @Test func `statistics over days are those of the readings, and percentiles come from these alone`() async throws {
        let device = try await Self.fixture.value
        let path = "\(device.path)/stats?from=\(Self.start)&to=\(Self.end)&order=asc"
        let answer = try await device.client.get(path).json
        #expect(answer["resolution"] == "rollup_1d")
        for sensor in ["dense", "sparse"] {
            let item = try #require(answer["items"].array?.first { $0["sensor_type"].string == sensor })
            let expected = try await device.numbers(
                "count(*), sum(r.value), avg(r.value), min(r.value), max(r.value), stddev_samp(r.value)", of: sensor,
                from: Self.start, to: Self.end)
            for (name, right) in zip(["count", "sum", "mean", "min", "max", "stddev"], expected) {
                #expect(right.isNearly(item[name].double), "\(name): \(item[name]), not \(right)")
            }
        }
        let exact = try await device.client.get("\(path)&percentiles=percentile_50").json
        #expect(exact["resolution"] == "rows")
        #expect(exact["items"][0]["count"] == answer["items"][0]["count"])
    }

    @Test func `minutes are kept of hours with many readings alone`() async throws {
        let device = try await ReadingsServer.shared().device()
        let hour = Timestamp("2026-02-01T05:00:00Z")!
        try await device.store("many", (0..<240).map { (hour.adding(.seconds($0 * 15)), Double($0)) })
        try await device.store("few", (0..<239).map { (hour.adding(.seconds($0 * 15)), Double($0)) })
        #expect(try await device.rollups("readings.rollup_1m").map(\.count) == Array(repeating: 4, count: 60))
        #expect(try await device.rollups("readings.rollup_1h").map(\.count) == [240, 239])
        #expect(
            try await device.rollups("readings.rollup_1d").map(\.time) == [
                Timestamp("2026-02-01T00:00:00Z")!, Timestamp("2026-02-01T00:00:00Z")!,
            ])
    }

    @Test func `small variations of large numbers are seen over days`() async throws {
        let device = try await ReadingsServer.shared().device()
        var random = SplitMix64(seed: 13)
        let start = Timestamp("2026-02-10T00:00:00Z")!
        let readings = (0..<4 * 1440).map { minute in
            (
                time: start.adding(.seconds(minute * 60)),
                value: 101_325 + Double.random(in: -0.01...0.01, using: &random)
            )
        }
        try await device.store("pressure", unit: "Pa", readings)
        let end = start.adding(.seconds(4 * 86_400))
        let answer = try await device.client.get("\(device.path)/stats?from=\(start)&to=\(end)").json
        #expect(answer["resolution"] == "rollup_1d")
        // In two passes, so that nothing is cancelled out.
        let mean = 101_325 + readings.reduce(0) { $0 + ($1.value - 101_325) } / Double(readings.count)
        let squares = readings.reduce(0) { $0 + ($1.value - mean) * ($1.value - mean) }
        let deviation = (squares / Double(readings.count - 1)).squareRoot()
        let found = try #require(answer["items"][0]["stddev"].double)
        #expect(abs(found / deviation - 1) < 1e-6)
    }

    @Test func `what comes late, and what came just now, is counted`() async throws {
        let device = try await ReadingsServer.shared().device()
        let start = ReadingSource.days.floor(.now.adding(.seconds(-10 * 86_400)))
        try await device.storeRandom("t", count: 300, from: start, to: start.adding(.seconds(3 * 86_400)), seed: 14)
        let range = "\(device.path)/stats?from=\(start)&to=\(Timestamp.now.adding(.seconds(60)))"
        let before = try await device.client.get(range).json["items"][0]
        #expect(before["count"] == 300)
        // Of the current hour, which no rollup has yet.
        #expect(try await device.send(["sensor_type": "t", "value": -7, "unit": "°C"]).status == 201)
        let now = try await device.client.get(range).json
        #expect(now["items"][0]["count"] == 301 && now["items"][0]["min"] == -7 && now["resolution"] == "rollup_1d")
        // Between the whole seconds of the others.
        let late = start.adding(.milliseconds(86_400_500))
        #expect(
            try await device.send(
                ["sensor_type": "t", "value": 99, "unit": "°C", "timestamp": .string(late.rfc3339)]
            ).status == 201)
        try await device.rollUp()
        let after = try await device.client.get(range).json["items"][0]
        #expect(after["count"] == 302 && after["max"] == 99)
    }

    @Test func `of hours without readings any more no rollups are left`() async throws {
        let device = try await ReadingsServer.shared().device()
        let hour = Timestamp("2026-02-25T05:00:00Z")!
        // Three hours of 300 readings.
        try await device.store("t", (0..<900).map { (hour.adding(.seconds($0 * 12)), Double($0)) })
        #expect(try await device.rollups("readings.rollup_1h").map(\.count) == [300, 300, 300])
        let second = hour.adding(.seconds(3600))
        try await device.change(
            by: """
                DELETE FROM readings.readings USING readings.series
                WHERE id = series_id AND device_id = \(device.id)
                    AND time >= \(second) AND time < \(second.adding(.seconds(3600)))
                """)
        try await device.rollUp()
        let third = second.adding(.seconds(3600))
        #expect(try await device.rollups("readings.rollup_1h").map(\.time) == [hour, third])
        #expect(try await device.rollups("readings.rollup_1m").count == 120)
        #expect(try await device.rollups("readings.rollup_1d").map(\.count) == [600])
        try await device.change(
            by: """
                DELETE FROM readings.readings USING readings.series WHERE id = series_id AND device_id = \(device.id)
                """)
        try await device.rollUp()
        for table: SQL in ["readings.rollup_1m", "readings.rollup_1h", "readings.rollup_1d"] {
            #expect(try await device.rollups(table).isEmpty)
        }
    }
}
