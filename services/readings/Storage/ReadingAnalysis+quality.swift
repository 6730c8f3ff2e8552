import FoundationEssentials
import HTTPKit
import Postgres

extension ReadingAnalysis {
    /// How good and how complete the readings of each series were over a range, by the series' ids; of one without
    /// readings in it, too.
    ///
    /// - Parameter expected: Seconds from one reading to the next; where nil, the median of what they were.
    /// - Returns: Up to the page's ``PageRequest/fetchLimit`` series.
    /// - Throws: `PostgresError`.
    func quality(
        _ filter: SeriesFilter, _ range: TimeRange, expected: Double?, _ page: PageRequest<Int64>, organization: UUID
    ) async throws -> [(id: Int64, quality: SeriesQuality)] {
        let rows = try await reads.transaction(for: organization) { transaction in
            try await transaction.query(
                """
                SELECT s.id, \(Self.label), quality.*
                FROM \(Self.series(filter, page, "", organization)) AS s
                CROSS JOIN LATERAL (
                    WITH distances AS MATERIALIZED (
                        SELECT r.quality,
                            extract(epoch FROM r.time - lag(r.time) OVER (ORDER BY r.time))::float8 AS seconds
                        FROM readings.readings AS r
                        WHERE r.series_id = s.id AND r.time >= \(range.start) AND r.time < \(range.end)
                    ), expected AS (
                        SELECT coalesce(\(expected), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)) AS seconds
                        FROM distances
                    )
                    SELECT e.seconds, count(*) FILTER (WHERE d.seconds > 1.5 * e.seconds),
                        coalesce(sum(round(d.seconds / e.seconds) - 1) FILTER (WHERE d.seconds > 1.5 * e.seconds), 0),
                        max(d.seconds) FILTER (WHERE d.seconds > 1.5 * e.seconds),
                        \(Self.counts)
                    FROM expected AS e LEFT JOIN distances AS d ON true GROUP BY e.seconds) AS quality
                ORDER BY s.id \(page.order.keyword)
                """)
        }
        return try rows.map { (try $0.decode(at: 0), try SeriesQuality($0, from: 1)) }
    }

    /// How many readings are of each quality.
    private static var counts: SQL {
        Quality.allCases.map { "count(*) FILTER (WHERE d.quality = \($0.rawValue))" as SQL }.joined(separator: ", ")
    }
}

extension SeriesQuality {
    /// - Throws: `DecodingFailure`.
    fileprivate init(_ row: Row, from column: Int) throws {
        series = try SeriesLabel(row, from: column)
        expectedInterval = try row.decode(at: column + 4)
        gaps = Gaps(
            count: try row.decode(at: column + 5), missing: Int(try row.decode(Double.self, at: column + 6)),
            longest: try row.decode(at: column + 7))
        var counts: [Quality: Int] = [:]
        for (index, quality) in Quality.allCases.enumerated() {
            counts[quality] = try row.decode(at: column + 8 + index)
        }
        self.counts = counts
    }
}
