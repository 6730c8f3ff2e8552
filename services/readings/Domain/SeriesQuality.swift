/// How good and how complete the readings of a series were over a range.
///
/// Between two readings there is a gap when they are more than one and a half of the expected interval apart, so that at
/// least one is missing. What lies before the first and after the last reading of the range is none.
struct SeriesQuality: Encodable, Sendable {
    let series: SeriesLabel
    let counts: [Quality: Int]
    /// In seconds; nil where nothing was expected and there are too few readings to tell.
    let expectedInterval: Double?
    let gaps: Gaps

    struct Gaps: Encodable, Sendable {
        let count: Int
        /// How many readings would have come in them.
        let missing: Int
        /// In seconds.
        let longest: Double?

        enum CodingKeys: String, CodingKey {
            case count, missing
            case longest = "longest_s"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(count, forKey: .count)
            try container.encode(missing, forKey: .missing)
            try container.encode(longest, forKey: .longest)
        }
    }

    var count: Int { counts.values.reduce(0, +) }

    /// The part that came of the readings that would have come without gaps; nil where there is none.
    var completeness: Double? {
        count == 0 ? nil : Double(count) / (Double(count) + Double(gaps.missing))
    }

    enum CodingKeys: String, CodingKey {
        case count, quality, gaps, completeness
        case expectedInterval = "expected_interval_s"
    }

    func encode(to encoder: any Encoder) throws {
        try series.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(count, forKey: .count)
        try container.encode(counts.named, forKey: .quality)
        try container.encode(expectedInterval, forKey: .expectedInterval)
        try container.encode(gaps, forKey: .gaps)
        try container.encode(completeness, forKey: .completeness)
    }
}
