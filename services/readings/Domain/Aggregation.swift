import HTTPKit
import Hummingbird
import Postgres

/// What is to be computed of each bucket of a range, and how the range is cut into buckets.
struct AggregationRequest: Sendable {
    /// So many buckets, over all series, are answered at most.
    static let maximumBuckets = 10_000

    let range: TimeRange
    let interval: BucketInterval
    let zone: TimeZoneName
    let functions: [AggregateFunction]
    let filling: GapFilling
    /// The unit of the values; nil for that of each series.
    let unit: MeasurementUnit?
    /// How to choose among the buckets of each series; nil where all are answered.
    let chart: Chart?

    /// At most so many buckets, which look the same when this function of them is drawn as a line.
    struct Chart: Sendable {
        let points: Int
        let function: AggregateFunction
    }

    var percentiles: [Percentile] { functions.compactMap(\.percentile) }

    /// What is answered of a series.
    ///
    /// - Parameters:
    ///   - buckets: Those that have readings, in order.
    ///   - times: When all buckets begin, in order.
    /// - Throws: ``UnitMismatch``.
    func series(
        _ label: SeriesLabel, of buckets: [AggregateBucket], at times: [Timestamp]
    ) throws(UnitMismatch) -> Aggregation.Series {
        let conversion = try unit.map { unit throws(UnitMismatch) in try label.conversion(to: unit) } ?? .identity
        let points = buckets.map { $0.converted(by: conversion) }.map { bucket in
            AggregatePoint(time: bucket.time, values: functions.map(bucket.value))
        }
        return Aggregation.Series(
            label: unit.map(label.labelled) ?? label,
            points: chosen(of: filling.points(filling: points, at: times, functions)))
    }

    /// The points of the chart, as ``LargestTriangle`` chooses among those that have a value of its function.
    private func chosen(of points: [AggregatePoint]) -> [AggregatePoint] {
        guard let chart, let index = functions.firstIndex(of: chart.function) else { return points }
        let candidates = points.compactMap { point in
            point.values[index].map { LargestTriangle.Point(time: point.time, value: $0) }
        }
        let times = Set(LargestTriangle.choose(chart.points, of: candidates).map(\.time))
        return points.filter { times.contains($0.time) }
    }
}

/// The buckets of series over a range.
struct Aggregation: Sendable {
    let request: AggregationRequest
    let resolution: ReadingSource
    let series: [Series]

    struct Series: Sendable {
        let label: SeriesLabel
        let points: [AggregatePoint]
    }
}

extension Aggregation: ResponseEncodable {
    enum CodingKeys: String, CodingKey {
        case from, to, interval, tz, fill, resolution, series
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(request.range.start, forKey: .from)
        try container.encode(request.range.end, forKey: .to)
        try container.encode(request.interval.description, forKey: .interval)
        try container.encode(request.zone.description, forKey: .tz)
        try container.encode(request.filling, forKey: .fill)
        try container.encode(resolution, forKey: .resolution)
        try container.encode(series.map { NamedSeries(series: $0, functions: request.functions) }, forKey: .series)
    }
}

/// A series whose points name the functions of their values.
private struct NamedSeries: Encodable {
    let series: Aggregation.Series
    let functions: [AggregateFunction]

    enum CodingKeys: CodingKey {
        case points
    }

    func encode(to encoder: any Encoder) throws {
        try series.label.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(series.points.map { NamedPoint(point: $0, functions: functions) }, forKey: .points)
    }
}

private struct NamedPoint: Encodable {
    let point: AggregatePoint
    let functions: [AggregateFunction]

    enum CodingKeys: CodingKey {
        case time
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(point.time, forKey: .time)
        var values = encoder.container(keyedBy: AggregateFunction.self)
        for (function, value) in zip(functions, point.values) { try values.encode(value, forKey: function) }
    }
}
