import FoundationEssentials
import HTTPKit
import Postgres

extension ReadingAnalysis {
    /// The period that has `time` in it, on the calendar of a zone.
    ///
    /// - Throws: ``UnknownTimeZone``, `PostgresError`.
    func period(
        _ period: ReportPeriod, _ zone: TimeZoneName, at time: Timestamp, organization: UUID
    ) async throws -> PeriodReport {
        let rows = try await reads.transaction(for: organization) { transaction in
            try await inZone {
                try await transaction.query(BucketGrid(interval: period.interval, zone: zone).bounds(of: time))
            }
        }
        let (start, end) = try rows[0].decode(Timestamp.self, Timestamp.self)
        return PeriodReport(period: period, zone: zone, range: TimeRange(start: start, end: end), now: .now)
    }

    /// The lines of a report, by the series' ids; of series without readings in the period, too. They come from readings
    /// alone: so do percentiles, and how long each quality held depends on when each reading came.
    ///
    /// - Parameter unit: Of their numbers; nil for that of each series.
    /// - Returns: Up to the page's ``PageRequest/fetchLimit``.
    /// - Throws: ``UnitMismatch``, `PostgresError`.
    func lines(
        of report: PeriodReport, _ filter: SeriesFilter, in unit: MeasurementUnit?, _ page: PageRequest<Int64>,
        organization: UUID
    ) async throws -> [(id: Int64, line: PeriodReport.Line)] {
        let found = try await statistics(filter, report.range, percentiles: [.p95], page, organization: organization)
            .found
        let times = try await qualityTimes(of: found.map(\.id), report, organization: organization)
        return try found.map { id, statistics in
            let held = times[id] ?? QualityTimes(expectedInterval: nil, seconds: [:])
            return (id, PeriodReport.Line(try statistics.given(in: unit), held, of: report))
        }
    }

    private func qualityTimes(
        of series: [Int64], _ report: PeriodReport, organization: UUID
    ) async throws -> [Int64: QualityTimes] {
        let until = report.until
        let rows = try await reads.transaction(for: organization) { transaction in
            try await transaction.query(
                """
                SELECT s.id, times.*
                FROM readings.series AS s LEFT JOIN readings.devices AS d ON d.id = s.device_id
                CROSS JOIN LATERAL (
                    WITH distances AS MATERIALIZED (
                        SELECT r.quality,
                            extract(epoch FROM lead(r.time) OVER (ORDER BY r.time) - r.time)::float8 AS seconds,
                            extract(epoch FROM \(until) - r.time)::float8 AS rest
                        FROM readings.readings AS r
                        WHERE r.series_id = s.id AND r.time >= \(report.range.start) AND r.time < \(report.range.end)
                    ), expected AS (
                        SELECT coalesce(d.reading_interval,
                            percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds))::float8 AS seconds
                        FROM distances
                    ), held AS (
                        SELECT quality, greatest(0, least(d.seconds, d.rest, 1.5 * e.seconds)) AS seconds
                        FROM distances AS d CROSS JOIN expected AS e
                    )
                    SELECT (SELECT seconds FROM expected), \(Self.seconds) FROM held) AS times
                WHERE s.id = ANY(\(series))
                """)
        }
        return try rows.reduce(into: [:]) { times, row in
            var seconds: [Quality: Double] = [:]
            for (index, quality) in Quality.allCases.enumerated() { seconds[quality] = try row.decode(at: index + 2) }
            times[try row.decode(at: 0)] = QualityTimes(expectedInterval: try row.decode(at: 1), seconds: seconds)
        }
    }

    /// How long each quality was held.
    private static var seconds: SQL {
        Quality.allCases.map {
            "coalesce(sum(seconds) FILTER (WHERE quality = \($0.rawValue)), 0)::float8" as SQL
        }.joined(separator: ", ")
    }
}
