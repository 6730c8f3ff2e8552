import FoundationEssentials
import HTTPKit
import Postgres

extension ReadingAnalysis {
    /// How each series of numbers changed over a range, by the series' ids; one without readings in it, too.
    ///
    /// - Returns: Up to the page's ``PageRequest/fetchLimit`` series.
    /// - Throws: `PostgresError`.
    func trends(
        _ filter: SeriesFilter, _ range: TimeRange, _ page: PageRequest<Int64>, organization: UUID
    ) async throws -> [(id: Int64, trend: SeriesTrend)] {
        let length = range.end.since(range.start)
        let middle = range.start.adding(length / 2)
        // Hours from the middle of the range.
        let hours: SQL = "extract(epoch FROM r.time - \(middle))::float8 / 3600"
        let value = RollupColumns.summable("r.value")
        let rows = try await transaction(for: organization) { transaction in
            try await transaction.query(
                """
                SELECT s.id, \(Self.label), trend.*, previous.*
                FROM \(Self.series(filter, page, "AND s.kind = \(ValueKind.number.rawValue)", organization)) AS s
                CROSS JOIN LATERAL (
                    SELECT count(r.value), \(RollupColumns.known("avg(\(value))")),
                        regr_sxx(\(value), \(hours)), regr_sxy(\(value), \(hours)), regr_syy(\(value), \(hours))
                    FROM readings.readings AS r
                    WHERE r.series_id = s.id AND r.time >= \(range.start) AND r.time < \(range.end)) AS trend
                CROSS JOIN LATERAL (
                    SELECT count(r.value), \(RollupColumns.known("avg(\(value))")) FROM readings.readings AS r
                    WHERE r.series_id = s.id AND r.time >= \(range.start.adding(.zero - length))
                        AND r.time < \(range.start)) AS previous
                ORDER BY s.id \(page.order.keyword)
                """)
        }
        return try rows.map { (try $0.decode(at: 0), try SeriesTrend($0, from: 1)) }
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
