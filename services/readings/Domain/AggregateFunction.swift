import Postgres

/// What of the numbers of a bucket is asked for.
enum AggregateFunction: String, CaseIterable, CodingKey, Sendable {
    case avg, min, max, sum, count, first, last, stddev
    case p50 = "percentile_50"
    case p95 = "percentile_95"
    case p99 = "percentile_99"

    /// The percentile that it is.
    var percentile: Percentile? { Percentile(rawValue: rawValue) }
}

/// A bucket, by the time it begins at, with the values of the functions that were asked for, in their order.
struct AggregatePoint: Sendable, Equatable {
    let time: Timestamp
    let values: [Double?]
}
