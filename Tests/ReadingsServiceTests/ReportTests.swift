import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

@Suite struct ReportTests {
    private let path = "/api/v1/analytics/reports"
    private let start = Timestamp("2026-03-02T00:00:00Z")!

    /// Four readings at the hours 0, 1, 2 and 6, of the qualities good, fair, poor and bad.
    private func device(interval: Int32?) async throws -> TestDevice {
        let device = try await ReadingsServer.shared().device()
        try await device.server.service.query(
            "UPDATE readings.devices SET reading_interval = \(interval) WHERE id = \(device.id)")
        try await device.store(
            "t", [(0, 1.0), (1, 2), (2, 3), (6, 6)].map { (start.adding(.seconds($0.0 * 3600)), $0.1) })
        return device
    }

    @Test(arguments: [nil, 1800])
    func `a line counts, sums up and times the readings of a series`(interval: Int32?) async throws {
        let device = try await device(interval: interval)
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let report = try await user.get("\(path)?period=day&at=2026-03-02T15:00:00Z").json
        #expect(report["period"] == "day" && report["tz"] == "UTC" && report["from"].string == start.rfc3339)
        #expect(report["to"].string == start.adding(.seconds(86_400)).rfc3339)
        let line = report["items"][0]
        // The usual distance is an hour where the device does not say.
        let expected = interval.map { 86_400 / Double($0) } ?? 24
        #expect(line["count"] == 4 && line["expected"] == .number(expected))
        #expect(line["coverage_percent"].double.map { (400 / expected).isNearly($0) } == true)
        #expect(line["min"] == 1 && line["mean"] == 3 && line["max"] == 6)
        #expect(line["percentile_95"].double.map { 5.55.isNearly($0) } == true)
        #expect(line["stddev"].double.map { (14.0 / 3).squareRoot().isNearly($0) } == true)
        #expect(line["first"]["value"] == 1 && line["last"]["value"] == 6)
        // A quality holds for one and a half intervals at most: an hour and a half, or three quarters of one.
        let held: [JSONValue] = interval == nil ? [3600, 3600, 5400, 5400] : [2700, 2700, 2700, 2700]
        #expect(["good", "fair", "poor", "bad"].map { line["quality_s"][$0] } == held)
        #expect(line["quality_s"]["excellent"] == 0)
    }

    @Test func `a report as CSV has a row for each line of all pages`() async throws {
        let device = try await device(interval: 3600)
        try await device.store("=sum", unit: "%", [(start, 5)])
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let query = "\(path)?period=day&at=\(start)&order=asc"
        for answer in [
            try await user.get("\(query)&format=csv"), try await user.get(query, headers: ["accept": "text/csv"]),
        ] {
            #expect(answer.status == 200 && answer.header("content-type") == "text/csv; charset=utf-8")
            #expect(answer.header("content-disposition") == "attachment; filename=\"report-day-2026-03-02.csv\"")
            let lines = answer.text.split(separator: "\r\n").map(String.init)
            try #require(lines.count == 3)
            #expect(lines[0] == PeriodReport.header.joined(separator: ","))
            #expect(lines[1].hasPrefix("\(device.id.text),t,°C,4,24,"))
            #expect(lines[2].hasPrefix("\(device.id.text),'=sum,%,1,24,"))
        }
    }

    @Test func `the lines come page by page`() async throws {
        let device = try await ReadingsServer.shared().device()
        for number in 0..<3 { try await device.store("t\(number)", [(start, Double(number))]) }
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let query = "\(path)?period=month&at=\(start)&limit=2&order=asc"
        let first = try await user.get(query).json
        let cursor = try #require(first["next_cursor"].string)
        let second = try await user.get("\(query)&cursor=\(cursor)").json
        #expect(((first["items"].array ?? []) + (second["items"].array ?? [])).map { $0["mean"] } == [0, 1, 2])
        #expect(second["next_cursor"].isNull)
    }

    @Test(arguments: [
        ("day", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("week", "2026-03-29T12:00:00Z", "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("month", "2026-02-28T23:30:00Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
    ])
    func `a period is one of the zone's calendar`(period: String, at: String, from: String, to: String) async throws {
        let server = try await ReadingsServer.shared()
        let user = try await server.service.user(.viewer, of: .v7())
        let report = try await user.get("\(path)?period=\(period)&at=\(at)&tz=Europe/Berlin").json
        #expect(report["from"].string == Timestamp(from)?.rfc3339 && report["to"].string == Timestamp(to)?.rfc3339)
    }

    @Test func `of a period that is under way as much is expected as can have come`() {
        let range = TimeRange(start: start, end: start.adding(.seconds(86_400)))
        let statistics = SeriesStatistics(
            series: SeriesLabel(deviceID: .v7(), sensorType: "t", unit: "", kind: .number),
            summary: Summary(count: 6, sum: 6, mean: 1, min: 1, max: 1, variance: 0), textCount: 0, first: nil,
            last: nil,
            percentiles: [])
        for (hours, expected, coverage) in [(-1, 0, nil), (0, 0, nil), (6, 6, 100), (30, 24, 25)]
            as [(Int, Int, Double?)]
        {
            let report = PeriodReport(
                period: .day, zone: .utc, range: range, now: start.adding(.seconds(hours * 3600)))
            let line = PeriodReport.Line(statistics, QualityTimes(expectedInterval: 3600, seconds: [:]), of: report)
            #expect(line.expected == expected && line.coverage == coverage)
        }
    }

    @Test func `the interval of a device is that of its last event`() async throws {
        let server = try await ReadingsServer.shared()
        let (organization, device) = (UUID.v7(), UUID.v7())
        for (index, interval) in [60, 5].enumerated() {
            try await server.service.publish(
                Event(
                    source: .devices, type: index == 0 ? "device.registered" : "device.updated", subject: device.text,
                    subjectVersion: index + 1, organizationID: organization,
                    data: [
                        "id": .string(device.text), "organization_id": .string(organization.text),
                        "reading_interval": .number(Double(interval)),
                    ] as JSONValue))
        }
        try await eventually {
            let rows = try await server.service.query(
                "SELECT 1 FROM readings.devices WHERE id = \(device) AND reading_interval = 5")
            return !rows.isEmpty
        }
    }
}
