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
}

/// The buckets of series over a range.
struct Aggregation: Sendable {
    let request: AggregationRequest
    let source: ReadingSource
    let series: [Series]

    struct Series: Sendable {
        let label: SeriesLabel
        let points: [AggregatePoint]
    }
}

extension Aggregation: ResponseEncodable {
    enum CodingKeys: String, CodingKey {
        case from, to, interval, timezone, fill, source, series
    }

    enum SeriesKeys: CodingKey {
        case points
    }

    enum PointKeys: CodingKey {
        case time
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(request.range.start, forKey: .from)
        try container.encode(request.range.end, forKey: .to)
        try container.encode(request.interval.description, forKey: .interval)
        try container.encode(request.zone.description, forKey: .timezone)
        try container.encode(request.filling, forKey: .fill)
        try container.encode(source, forKey: .source)
        var list = container.nestedUnkeyedContainer(forKey: .series)
        for one in series { try encode(one, to: list.superEncoder()) }
    }

    private func encode(_ one: Series, to encoder: any Encoder) throws {
        try one.label.encode(to: encoder)
        var container = encoder.container(keyedBy: SeriesKeys.self)
        var list = container.nestedUnkeyedContainer(forKey: .points)
        for point in one.points {
            let encoder = list.superEncoder()
            var time = encoder.container(keyedBy: PointKeys.self)
            try time.encode(point.time, forKey: .time)
            var values = encoder.container(keyedBy: AggregateFunction.self)
            for (function, value) in zip(request.functions, point.values) { try values.encode(value, forKey: function) }
        }
    }
}
