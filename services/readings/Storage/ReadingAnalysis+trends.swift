import FoundationEssentials
import HTTPKit
import Postgres

extension ReadingAnalysis {
    /// How each series of numbers changed over a range, by the series' ids; one without readings in it, too.
    ///
    /// The line is that of the readings. The period before, of which there is a mean alone, is taken from rollups as far as
    /// there are some.
    ///
    /// - Returns: Up to the page's ``PageRequest/fetchLimit`` series, and the coarsest source that had some of their numbers.
    /// - Throws: `PostgresError`.
    func trends(
        _ filter: SeriesFilter, _ range: TimeRange, _ page: PageRequest<Int64>, organization: UUID
    ) async throws -> (found: [(id: Int64, trend: SeriesTrend)], source: ReadingSource) {
        let length = range.end.since(range.start)
        let middle = range.start.adding(length / 2)
        // Hours from the middle of the range.
        let hours: SQL = "extract(epoch FROM r.time - \(middle))::float8 / 3600"
        let value = RollupColumns.summable("r.value")
        let before = TimeRange(start: range.start.adding(.zero - length), end: range.start)
        let rows = try await reads.transaction(for: organization) { transaction in
            let previous = try await stretches(of: before, upTo: .days, transaction).buckets(
                percentiles: [], hasEnds: false
            ) { _ in "true" }
            return try await transaction.query(
                """
                SELECT s.id, \(Self.label), trend.*, \(RollupColumns.countAndMean("previous.moments")),
                    coalesce(previous.source, \(ReadingSource.rows.rawValue))
                FROM \(Self.series(filter, page, "AND s.kind = \(ValueKind.number.rawValue)", organization)) AS s
                CROSS JOIN LATERAL (
                    SELECT count(r.value), \(RollupColumns.known("avg(\(value))")),
                        regr_sxx(\(value), \(hours)), regr_sxy(\(value), \(hours)), regr_syy(\(value), \(hours))
                    FROM readings.readings AS r
                    WHERE r.series_id = s.id AND r.time >= \(range.start) AND r.time < \(range.end)) AS trend
                LEFT JOIN LATERAL (\(previous)) AS previous ON true
                ORDER BY s.id \(page.order.keyword)
                """)
        }
        let found = try rows.map { (try $0.decode(Int64.self, at: 0), try SeriesTrend($0, from: 1)) }
        return (found, try rows.map { try ReadingSource($0, at: 12) }.max() ?? .rows)
    }
}

extension SeriesTrend {
    /// - Throws: `DecodingFailure`.
    fileprivate init(_ row: Row, from column: Int) throws {
        series = try SeriesLabel(row, from: column)
        let current = Trend.Period(count: try row.decode(at: column + 4), mean: try row.decode(at: column + 5))
        let (xx, xy, yy) = (
            try row.decode(Double?.self, at: column + 6), try row.decode(Double?.self, at: column + 7),
            try row.decode(Double?.self, at: column + 8)
        )
        trend = Trend(
            current: current,
            previous: Trend.Period(count: try row.decode(at: column + 9), mean: try row.decode(at: column + 10)),
            line: LinearTrend(count: current.count, xx: xx ?? 0, xy: xy ?? 0, yy: yy ?? 0))
    }
}
