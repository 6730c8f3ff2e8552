/// What is told of several numbers. Every source of them has these columns.
struct Summary: Sendable, Equatable {
    let count: Int
    let sum: Double?
    let mean: Double?
    let min: Double?
    let max: Double?
    /// Of the sample: divided by `count - 1`, so nil for fewer than two numbers.
    let variance: Double?

    /// Of the sample.
    var deviation: Double? { variance?.squareRoot() }
}

/// The value below which a part of the values lies, interpolated linearly between the two nearest, as `percentile_cont`
/// does (method 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50, 1996).
enum Percentile: String, CaseIterable, CodingKey, Sendable {
    case p50 = "percentile_50"
    case p95 = "percentile_95"
    case p99 = "percentile_99"

    var fraction: Double {
        switch self {
        case .p50: 0.5
        case .p95: 0.95
        case .p99: 0.99
        }
    }
}
