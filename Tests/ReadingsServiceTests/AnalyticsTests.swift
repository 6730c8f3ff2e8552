import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// What the readings of a whole organization come to.
@Suite struct AnalyticsTests {
    private let start = Timestamp("2026-03-02T00:00:00Z")!
    private let end = Timestamp("2026-03-04T12:00:00Z")!

    private var range: String { "from=\(start)&to=\(end)" }

    private func summary(_ user: TestHTTPClient, _ query: String = "") async throws -> JSONValue {
        let answer = try await user.get("/api/v1/analytics/summary?\(range)\(query)")
        #expect(answer.status == 200, "\(answer)")
        return answer.json
    }

    private func hourly(_ count: Int, _ value: (Double) -> Double) -> [(time: Timestamp, value: Double)] {
        (0..<count).map { (start.adding(.seconds($0 * 3600)), value(Double($0))) }
    }

    // MARK: Summary

    @Test func `a summary counts readings over all devices, by sensor type and quality`() async throws {
        let server = try await ReadingsServer.shared()
        let project = UUID.v7()
        let device = try await server.device(project: project)
        let other = try await server.device(of: device.organization)
        let silent = try await server.device(of: device.organization)
        try await device.store("t", hourly(10) { $0 })
        try await device.store("open", unit: "", hourly(5) { _ in 1 })
        try await other.store("t", hourly(5) { 100 + $0 })
        try await silent.store("t", [(start.adding(.seconds(-60)), 7), (end, 8)])
        let user = try await server.service.user(.viewer, of: device.organization)
        let all = try await summary(user)
        #expect(all["readings"] == 20 && all["series"] == 3 && all["devices"] == 2)
        // One of each quality in turn.
        #expect(all["quality"] == ["excellent": 4, "good": 4, "fair": 4, "poor": 4, "bad": 4])
        let sensors = all["sensor_types"].array ?? []
        #expect(sensors.map { $0["sensor_type"] } == ["t", "open"])
        #expect(
            sensors.first == [
                "sensor_type": "t", "unit": "°C", "series": 2, "devices": 2, "readings": 15, "min": 0,
                "mean": .number((45.0 + 510) / 15), "max": 104,
            ])
        #expect(
            all["busiest"].array == [
                ["device_id": .string(device.id.text), "readings": 15],
                ["device_id": .string(other.id.text), "readings": 5],
            ])
        #expect(all["silent"] == 1)
        #expect(
            all["silent_devices"].array == [
                [
                    "device_id": .string(silent.id.text),
                    "last_reading": .string(start.adding(.seconds(-60)).rfc3339),
                ]
            ])
        let ofProject = try await summary(user, "&project_id=\(project.text)&sensor_type=t")
        #expect(ofProject["readings"] == 10 && ofProject["silent"] == 0)
        let guest = try await server.service.user(
            nil, of: device.organization, grants: [ResourceGrant(resource: .device(other.id), role: .viewer)])
        let granted = try await summary(guest)
        #expect(granted["readings"] == 5 && granted["devices"] == 1 && granted["silent"] == 0)
        #expect(try await summary(guest, "&device_id=\(device.id.text)")["readings"] == 0)
    }

    @Test func `an organization without devices has an empty summary, trend and report`() async throws {
        let server = try await ReadingsServer.shared()
        let user = try await server.service.user(.viewer, of: .v7())
        let empty = try await summary(user)
        #expect(empty["readings"] == 0 && empty["sensor_types"] == [] && empty["silent"] == 0)
        #expect(try await user.get("/api/v1/analytics/trends?\(range)").json["items"] == [])
        #expect(try await user.get("/api/v1/analytics/reports?period=day").json["items"] == [])
    }

    @Test func `text counts as readings, and has no numbers`() async throws {
        let device = try await ReadingsServer.shared().device()
        _ = try await device.send(["sensor_type": "label", "value": "A"], ["sensor_type": "t", "value": 3])
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let all = try await user.get("/api/v1/analytics/summary").json
        #expect(all["readings"] == 2 && all["series"] == 2)
        let label = try #require(all["sensor_types"].array?.first { $0["sensor_type"] == "label" })
        #expect(label["readings"] == 1 && label["mean"].isNull && label["min"].isNull)
    }

    // MARK: Trends

    @Test func `a daily cycle does not make a trend, whatever part of a day the range ends with`() async throws {
        let device = try await ReadingsServer.shared().device()
        // 60 hours of a cycle that a plain line through them would take for a slope, and a hundredth of a degree an hour.
        try await device.store("t", hourly(60) { 20 + 5 * sin(2 * .pi * $0 / 24) + 0.01 * $0 })
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let plain = try await user.get("/api/v1/readings/trends?\(range)").json["items"][0]["slope_per_hour"].double
        #expect(plain.map { abs($0 - 0.01) > 0.001 } == true)
        for zone in ["UTC", "Europe/Berlin", "Asia/Kolkata"] {
            let answer = try await user.get("/api/v1/analytics/trends?\(range)&tz=\(zone)")
            #expect(answer.status == 200, "\(answer)")
            let item = answer.json["items"][0]
            #expect(item["slope_per_hour"].double.map { abs($0 - 0.01) < 1e-9 } == true, "\(item)")
            #expect(item["sensor_type"] == "t" && item["series"] == 1 && item["current"]["count"] == 60)
        }
    }

    @Test func `devices on different levels that come and go do not make a trend`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let late = try await server.device(of: device.organization)
        try await device.store("t", hourly(60) { 10 + 0.5 * $0 })
        try await late.store("t", Array(hourly(60) { 80 + 0.5 * $0 }.suffix(30)))
        let user = try await server.service.user(.viewer, of: device.organization)
        let item = try await user.get("/api/v1/analytics/trends?\(range)").json["items"][0]
        #expect(item["series"] == 2 && item["slope_per_hour"].double.map { 0.5.isNearly($0) } == true)
        #expect(item["slope_95"]["low"].double.map { abs($0 - 0.5) < 1e-6 } == true)
    }

    @Test func `means and slopes of random numbers are what the database computes of the readings`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let other = try await server.device(of: device.organization)
        // With edges of less than an hour at either end; the period before begins three days earlier.
        let (from, to) = (start.adding(.seconds(1234)), end.adding(.seconds(2345)))
        let shift = Duration.seconds(-3 * 86_400)
        for (number, device) in [device, other].enumerated() {
            try await device.storeRandom(
                "t", count: 4000, from: from.adding(shift), to: to, seed: UInt64(21 + number))
        }
        let rows = try await server.service.query(
            """
            WITH r AS (
                SELECT r.series_id, r.time, r.value FROM readings.series AS s
                JOIN readings.readings AS r ON r.series_id = s.id WHERE s.organization_id = \(device.organization)
            ), hourly AS (
                SELECT series_id, date_trunc('hour', time, 'UTC') AS hour, avg(value) AS value
                FROM r WHERE time >= \(from) AND time < \(to) GROUP BY 1, 2
            ), centred AS (
                SELECT value - avg(value) OVER alike AS y, x - avg(x) OVER alike AS x
                FROM (SELECT *, extract(epoch FROM hour)::float8 / 3600 AS x FROM hourly) AS hourly
                WINDOW alike AS (PARTITION BY series_id, extract(hour FROM hour AT TIME ZONE 'UTC'))
            )
            SELECT ARRAY[(SELECT sum(x * y) / sum(x * x) FROM centred),
                (SELECT count(*) FROM r WHERE time >= \(from) AND time < \(to)),
                (SELECT avg(value) FROM r WHERE time >= \(from) AND time < \(to)),
                (SELECT count(*) FROM r WHERE time >= \(from.adding(shift)) AND time < \(to.adding(shift))),
                (SELECT avg(value) FROM r WHERE time >= \(from.adding(shift)) AND time < \(to.adding(shift)))]::float8[]
            """)
        let expected = try rows[0].decode([Double].self)
        let user = try await server.service.user(.viewer, of: device.organization)
        let answer = try await user.get("/api/v1/analytics/trends?from=\(from)&to=\(to)").json
        // The current period is of hours, the one before of days as far as it has whole ones.
        #expect(answer["resolution"] == "rollup_1d")
        let item = answer["items"][0]
        let found = [
            item["slope_per_hour"], item["current"]["count"], item["current"]["mean"], item["previous"]["count"],
            item["previous"]["mean"],
        ]
        for (value, right) in zip(found, expected) { #expect(right.isNearly(value.double), "\(value), not \(right)") }
    }

    @Test func `the period before has the same hours of the day`() async throws {
        let device = try await ReadingsServer.shared().device()
        // Two days and a half: the period before begins three days earlier.
        let before = start.adding(.seconds(-3 * 86_400))
        try await device.store("t", [(before, 10), (start.adding(.seconds(-3600)), 99), (start, 12)])
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let answer = try await user.get("/api/v1/analytics/trends?\(range)").json
        #expect(answer["previous_from"].string == before.rfc3339)
        let item = answer["items"][0]
        #expect(item["previous"] == ["count": 1, "mean": 10] && item["change"] == 2 && item["change_percent"] == 20)
        #expect(item["slope_per_hour"].isNull && item["slope_95"].isNull)
    }

    @Test(arguments: [
        ("summary", "from", "from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z"),
        ("summary", "project_id", "project_id=x"),
        ("trends", "tz", "tz=Europe/Atlantis"), ("trends", "tz", "tz=CET-1"),
        ("reports", "period", "period=year"), ("reports", "period", ""), ("reports", "at", "period=day&at=noon"),
        ("reports", "tz", "period=day&tz=Europe/Atlantis"), ("reports", "limit", "period=day&limit=51"),
        ("reports", "format", "period=day&format=pdf"),
    ])
    func `what cannot be used is 422 and named`(route: String, field: String, query: String) async throws {
        let device = try await ReadingsServer.shared().device()
        try await device.store("t", [(start, 1)])
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let answer = try await user.get("/api/v1/analytics/\(route)?\(query)")
        #expect(answer.status == 422 && answer.json["errors"][0]["field"].string == field, "\(answer)")
    }
}
