/// How a series of numbers changed over a range, and against the range of the same length before it.
struct SeriesTrend: Encodable, Sendable {
    let series: SeriesLabel
    let trend: Trend

    func encode(to encoder: any Encoder) throws {
        try series.encode(to: encoder)
        try trend.encode(to: encoder)
    }
}
