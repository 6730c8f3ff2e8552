import Postgres

/// What a series was like over a range of time. Booleans count as 0 and 1, so that their mean is the part that was true.
struct SeriesStatistics: Encodable, Sendable {
    let series: SeriesLabel
    let summary: Summary
    let textCount: Int
    let first: Sample?
    let last: Sample?
    let percentiles: [(Percentile, Double?)]

    /// A value and when it was measured.
    struct Sample: Encodable, Sendable {
        let value: ReadingView.Value
        let time: Timestamp
    }

    enum CodingKeys: String, CodingKey {
        case count, sum, mean, min, max, stddev, first, last, percentiles
        case textCount = "text_count"
    }

    func encode(to encoder: any Encoder) throws {
        try series.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(summary.count, forKey: .count)
        try container.encode(textCount, forKey: .textCount)
        try container.encode(summary.sum, forKey: .sum)
        try container.encode(summary.mean, forKey: .mean)
        try container.encode(summary.min, forKey: .min)
        try container.encode(summary.max, forKey: .max)
        try container.encode(summary.deviation, forKey: .stddev)
        try container.encode(first, forKey: .first)
        try container.encode(last, forKey: .last)
        guard !percentiles.isEmpty else { return }
        var values = container.nestedContainer(keyedBy: Percentile.self, forKey: .percentiles)
        for (percentile, value) in percentiles { try values.encode(value, forKey: percentile) }
    }
}
