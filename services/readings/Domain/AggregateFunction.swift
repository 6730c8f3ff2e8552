import Postgres

/// What of the numbers of a bucket is asked for.
enum AggregateFunction: String, CaseIterable, CodingKey, Sendable {
    case avg, min, max, sum, count, first, last, stddev, p50, p95, p99

    /// The percentile that it is.
    var percentile: Percentile? { Percentile(rawValue: rawValue) }
}

/// A bucket, by the time it begins at, with the values of the functions that were asked for, in their order.
struct AggregatePoint: Sendable, Equatable {
    let time: Timestamp
    let values: [Double?]
}
