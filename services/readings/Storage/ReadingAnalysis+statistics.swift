import FoundationEssentials
import HTTPKit
import Postgres

extension ReadingAnalysis {
    /// What each series was like over a range, by the series' ids; one without readings in it, too.
    ///
    /// - Returns: Up to the page's ``PageRequest/fetchLimit`` series.
    /// - Throws: `PostgresError`.
    func statistics(
        _ filter: SeriesFilter, _ range: TimeRange, percentiles: [Percentile], _ page: PageRequest<Int64>,
        organization: UUID
    ) async throws -> [(id: Int64, statistics: SeriesStatistics)] {
        let ofSeries: SQL = "r.series_id = s.id AND r.time >= \(range.start) AND r.time < \(range.end)"
        let rows = try await transaction(for: organization) { transaction in
            try await transaction.query(
                """
                SELECT s.id, \(Self.label), summary.*,
                    first.value, first.text_value, first.time, last.value, last.text_value, last.time
                FROM \(Self.series(filter, page, "", organization)) AS s
                CROSS JOIN LATERAL (
                    SELECT \(Self.summary), \(Self.percentiles(percentiles)), count(r.text_value)
                    FROM readings.readings AS r WHERE \(ofSeries)) AS summary
                LEFT JOIN LATERAL (
                    SELECT r.value, r.text_value, r.time FROM readings.readings AS r
                    WHERE \(ofSeries) ORDER BY r.time LIMIT 1) AS first ON true
                LEFT JOIN LATERAL (
                    SELECT r.value, r.text_value, r.time FROM readings.readings AS r
                    WHERE \(ofSeries) ORDER BY r.time DESC LIMIT 1) AS last ON true
                ORDER BY s.id \(page.order.keyword)
                """)
        }
        return try rows.map { row in
            (try row.decode(at: 0), try SeriesStatistics(row, from: 1, percentiles: percentiles))
        }
    }
}

extension SeriesStatistics {
    /// - Throws: `DecodingFailure`.
    fileprivate init(_ row: Row, from column: Int, percentiles: [Percentile]) throws {
        series = try SeriesLabel(row, from: column)
        summary = try Summary(row, from: column + 4)
        let values = try row.decode([Double]?.self, at: column + 10)
        self.percentiles = percentiles.enumerated().map { ($1, values?[$0]) }
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
