import Foundation
import Kernel
import Postgres
import Testing

@testable import ReadingsService

@Suite struct UnitConvertibleTests {
    private let celsius = MeasurementUnit("°C")
    private let fahrenheit = MeasurementUnit("°F")
    private let label = SeriesLabel(deviceID: UUID.v7(), sensorType: "t", unit: "°C", kind: .number)

    /// 10, 20 and 60 °C are 50, 68 and 140 °F.
    private let summary = Summary(count: 3, sum: 90, mean: 30, min: 10, max: 60, variance: 700)

    @Test func `each number of a summary is converted by what it is`() throws {
        let found = summary.converted(by: try label.conversion(to: fahrenheit))
        #expect(found.count == 3)
        #expect(258.0.isNearly(found.sum) && 86.0.isNearly(found.mean))
        #expect(50.0.isNearly(found.min) && 140.0.isNearly(found.max))
        // That of 50, 68 and 140, around 86: (36² + 18² + 54²) / 2.
        #expect(2268.0.isNearly(found.variance) && 2268.0.squareRoot().isNearly(found.deviation))
    }

    @Test func `what is not there stays so`() throws {
        let empty = Summary(count: 0, sum: nil, mean: nil, min: nil, max: nil, variance: nil)
        #expect(empty.converted(by: try label.conversion(to: fahrenheit)) == empty)
    }

    @Test func `a bucket has each of its functions in the unit`() throws {
        let bucket = AggregateBucket(
            time: Timestamp(microseconds: 0), summary: summary, percentiles: [.p50: 20, .p95: 56], first: 60, last: 10
        ).converted(by: try label.conversion(to: MeasurementUnit("K")))
        let expected: [AggregateFunction: Double] = [
            .avg: 303.15, .min: 283.15, .max: 333.15, .sum: 909.45, .count: 3, .first: 333.15, .last: 283.15,
            .stddev: 700.0.squareRoot(), .p50: 293.15, .p95: 329.15,
        ]
        for (function, number) in expected { #expect(number.isNearly(bucket.value(of: function)), "\(function)") }
        #expect(bucket.value(of: .p99) == nil)
    }

    @Test func `a trend's slope and change take the factor alone`() throws {
        let line = LinearTrend(count: 3, xx: 2, xy: 1, yy: 2)
        let trend = SeriesTrend(
            series: label,
            trend: Trend(current: .init(count: 3, mean: 30), previous: .init(count: 2, mean: 20), line: line))
        let converted = try trend.converted(to: fahrenheit)
        let found = converted.trend
        #expect(converted.series.unit == "°F" && found.current.count == 3)
        #expect(86.0.isNearly(found.current.mean) && 68.0.isNearly(found.previous.mean))
        #expect(18.0.isNearly(found.change) && (18.0 / 68 * 100).isNearly(found.changePercent))
        #expect(0.9.isNearly(found.line?.slope) && found.line?.determination == line?.determination)
        #expect((try #require(line?.margin) * 1.8).isNearly(found.line?.margin))
    }

    @Test func `filled buckets are of the unit, and so is the zero that fills them`() throws {
        let request = AggregationRequest(
            range: .init(start: Timestamp(microseconds: 0), end: Timestamp(microseconds: 3)),
            interval: BucketInterval(1, .second), zone: .utc, functions: [.avg], filling: .zero, unit: fahrenheit,
            chart: nil)
        let times = (0..<2).map { Timestamp(microseconds: $0) }
        let bucket = AggregateBucket(time: times[0], summary: summary, percentiles: [:], first: nil, last: nil)
        let series = try request.series(label, of: [bucket], at: times)
        #expect(series.label.unit == "°F" && series.points.count == 2)
        #expect(86.0.isNearly(series.points[0].values[0]) && series.points[1].values == [0])
    }

    @Test(arguments: [("°C", ValueKind.text), ("°C", .boolean), ("hPa", .number), ("", .number), ("quux", .number)])
    func `another quantity, text and booleans have no such unit`(recorded: String, kind: ValueKind) {
        #expect(throws: UnitMismatch.self) {
            try SeriesLabel(deviceID: label.deviceID, sensorType: "t", unit: recorded, kind: kind).conversion(
                to: celsius)
        }
    }

    @Test func `units are related to those of their quantity, and an unknown one to itself`() {
        #expect(Set(celsius.related.map(\.symbol)) == ["°C", "°F", "K"])
        #expect(MeasurementUnit("quux").related == [MeasurementUnit("quux")])
        for unit in MeasurementUnit("kWh").related { #expect(unit.conversion(to: MeasurementUnit("J")) != nil) }
    }
}
