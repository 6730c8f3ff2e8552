import FoundationEssentials
import HTTPKit
import Postgres

extension ReadingAnalysis {
    /// What each series was like over a range, by the series' ids; one without readings in it, too.
    ///
    /// - Returns: Up to the page's ``PageRequest/fetchLimit`` series, and the coarsest source that had some of their numbers.
    /// - Throws: `PostgresError`.
    func statistics(
        _ filter: SeriesFilter, _ range: TimeRange, percentiles: [Percentile], _ page: PageRequest<Int64>,
        organization: UUID
    ) async throws -> (found: [(id: Int64, statistics: SeriesStatistics)], source: ReadingSource) {
        let ofSeries: SQL = "r.series_id = s.id AND r.time >= \(range.start) AND r.time < \(range.end)"
        let moments: SQL = "coalesce(b.moments, '{0,0,0}')"
        let rows = try await reads.transaction(for: organization) { transaction in
            let stretches = try await stretches(of: range, upTo: percentiles.isEmpty ? .days : .rows, transaction)
            // The range is one bucket, whose start nobody asks for.
            let bucket = stretches.buckets(percentiles: percentiles, hasEnds: false) { _ in "true" }
            return try await transaction.query(
                """
                SELECT s.id, \(Self.label), \(RollupColumns.summary(moments, "b.minimum", "b.maximum")), b.percentiles,
                    text.count, first.value, first.text_value, first.time, last.value, last.text_value, last.time,
                    coalesce(b.source, \(ReadingSource.rows.rawValue))
                FROM \(Self.series(filter, page, "", organization)) AS s
                LEFT JOIN LATERAL (\(bucket)) AS b ON true
                CROSS JOIN LATERAL (
                    SELECT count(r.text_value) FROM readings.readings AS r
                    WHERE s.kind = \(ValueKind.text.rawValue) AND \(ofSeries)) AS text
                LEFT JOIN LATERAL (
                    SELECT r.value, r.text_value, r.time FROM readings.readings AS r
                    WHERE \(ofSeries) ORDER BY r.time LIMIT 1) AS first ON true
                LEFT JOIN LATERAL (
                    SELECT r.value, r.text_value, r.time FROM readings.readings AS r
                    WHERE \(ofSeries) ORDER BY r.time DESC LIMIT 1) AS last ON true
                ORDER BY s.id \(page.order.keyword)
                """)
        }
        let found = try rows.map { row -> (Int64, SeriesStatistics) in
            (try row.decode(at: 0), try SeriesStatistics(row, from: 1, percentiles: percentiles))
        }
        return (found, try rows.map { try ReadingSource($0, at: 19) }.max() ?? .rows)
    }
}

extension SeriesStatistics {
    /// - Throws: `DecodingFailure`.
    fileprivate init(_ row: Row, from column: Int, percentiles: [Percentile]) throws {
        series = try SeriesLabel(row, from: column)
        summary = try Summary(row, from: column + 4)
        let values = try row.decode([Double]?.self, at: column + 10)
        self.percentiles = percentiles.enumerated().map { ($1, values?[$0].finite) }
        textCount = try row.decode(at: column + 11)
        first = try Sample(row, from: column + 12, series.kind)
        last = try Sample(row, from: column + 15, series.kind)
    }
}

extension SeriesStatistics.Sample {
    /// Nil where there is none.
    ///
    /// - Throws: `DecodingFailure`.
    fileprivate init?(_ row: Row, from column: Int, _ kind: ValueKind) throws {
        guard let time = try row.decode(Timestamp?.self, at: column + 2) else { return nil }
        self.time = time
        value = ReadingView.Value(kind, number: try row.decode(at: column), text: try row.decode(at: column + 1))
    }
}
