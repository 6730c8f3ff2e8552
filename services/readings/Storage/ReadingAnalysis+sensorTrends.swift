import FoundationEssentials
import HTTPKit
import Postgres

extension ReadingAnalysis {
    /// How the numbers of each sensor type changed, as ``SensorTrend`` tells, from the means of hours (UTC).
    ///
    /// - Parameters:
    ///   - zone: Whose hours of the day are compared.
    ///   - unit: Into which all series of numbers of the filter convert; nil for that of each.
    /// - Returns: Those with most readings first, and the coarsest source that had some of their numbers.
    /// - Throws: ``UnknownTimeZone``, `PostgresError`.
    func sensorTrends(
        _ filter: SeriesFilter, _ range: TimeRange, _ zone: TimeZoneName, in unit: MeasurementUnit?, organization: UUID
    ) async throws -> (found: [SensorTrend], source: ReadingSource) {
        let given = UnitColumns(unit)
        let ofNumbers: SQL = "\(filter.conditions(organization)) AND s.kind = \(ValueKind.number.rawValue)"
        let rows = try await reads.transaction(for: organization) { transaction in
            let current = try await stretches(of: range, upTo: .hours, transaction).buckets(
                percentiles: [], hasEnds: false
            ) { "date_trunc('hour', \($0), 'UTC')" }
            let previous = try await stretches(of: range.daysBefore, upTo: .days, transaction).buckets(
                percentiles: [], hasEnds: false
            ) { _ in "true" }
            // Else it would be looked at only where there is something to compute.
            try await inZone { _ = try await transaction.query("SELECT now() AT TIME ZONE \(zone.description)") }
            return try await transaction.query(
                """
                WITH buckets AS (
                    SELECT s.sensor_type, \(given.unit) AS unit, s.id, b.start, b.source,
                        \(given.moments("b.moments")) AS moments
                    FROM readings.series AS s \(given.conversions)
                    CROSS JOIN LATERAL (\(current)) AS b WHERE \(ofNumbers)
                ), hourly AS (
                    SELECT sensor_type, unit, id, moments, source, moments[2] / nullif(moments[1], 0) AS value,
                        extract(hour FROM start AT TIME ZONE \(zone.description)) AS hour,
                        extract(epoch FROM start - \(range.start))::float8 / 3600 AS time
                    FROM buckets
                ), alike AS (
                    SELECT sensor_type, unit, id, readings.combined(moments) AS moments, max(source) AS source,
                        regr_count(value, time) AS count, regr_sxx(value, time) AS xx,
                        regr_sxy(value, time) AS xy, regr_syy(value, time) AS yy
                    FROM hourly GROUP BY sensor_type, unit, id, hour
                ), current AS (
                    SELECT sensor_type, unit, count(DISTINCT id) AS series, readings.combined(moments) AS moments,
                        max(source) AS source, sum(count)::bigint AS count, count(*) AS groups,
                        sum(xx) AS xx, sum(xy) AS xy, sum(yy) AS yy
                    FROM alike GROUP BY sensor_type, unit
                ), previous AS (
                    SELECT s.sensor_type, \(given.unit) AS unit,
                        readings.combined(\(given.moments("b.moments"))) AS moments, max(b.source) AS source
                    FROM readings.series AS s \(given.conversions)
                    CROSS JOIN LATERAL (\(previous)) AS b WHERE \(ofNumbers)
                    GROUP BY 1, 2
                )
                SELECT sensor_type, unit, coalesce(c.series, 0), \(RollupColumns.countAndMean("c.moments")),
                    \(RollupColumns.countAndMean("p.moments")), coalesce(c.count, 0), coalesce(c.groups, 0),
                    c.xx, c.xy, c.yy, greatest(c.source, p.source)
                FROM current AS c FULL JOIN previous AS p USING (sensor_type, unit)
                ORDER BY c.moments[1] DESC NULLS LAST, sensor_type, unit LIMIT \(SensorTrend.most)
                """)
        }
        return (try rows.map(SensorTrend.init), try rows.map { try ReadingSource($0, at: 12) }.max() ?? .rows)
    }
}

extension SensorTrend {
    /// - Throws: `DecodingFailure`.
    fileprivate init(_ row: Row) throws {
        (sensorType, unit, seriesCount) = (try row.decode(at: 0), try row.decode(at: 1), try row.decode(at: 2))
        let (xx, xy, yy) = (
            try row.decode(Double?.self, at: 9), try row.decode(Double?.self, at: 10),
            try row.decode(Double?.self, at: 11)
        )
        trend = Trend(
            current: Trend.Period(count: try row.decode(at: 3), mean: try row.decode(at: 4)),
            previous: Trend.Period(count: try row.decode(at: 5), mean: try row.decode(at: 6)),
            line: LinearTrend(
                count: try row.decode(at: 7), groups: try row.decode(at: 8), xx: xx ?? 0, xy: xy ?? 0, yy: yy ?? 0))
    }
}
