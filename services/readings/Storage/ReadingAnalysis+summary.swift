import FoundationEssentials
import HTTPKit
import Postgres

extension ReadingAnalysis {
    /// What the readings of all series came to that the filter lets through, and which of its devices have none.
    ///
    /// - Parameter unit: Into which all of these series convert; nil for that of each.
    /// - Throws: `PostgresError`.
    func summary(
        _ filter: SeriesFilter, _ range: TimeRange, in unit: MeasurementUnit?, organization: UUID
    ) async throws -> ReadingSummary {
        try await reads.transaction(for: organization) { transaction in
            var summary = ReadingSummary(range: range)
            try await count(&summary, filter, UnitColumns(unit), organization, transaction)
            if summary.readings <= ReadingSummary.mostOfQuality {
                summary.qualities = try await qualities(filter, range, organization, transaction)
            }
            try await findSilent(&summary, filter, organization, transaction)
            return summary
        }
    }

    /// Counts each series once, from what is kept of it, and adds that up three ways: over all, by device, by sensor.
    private func count(
        _ summary: inout ReadingSummary, _ filter: SeriesFilter, _ given: UnitColumns, _ organization: UUID,
        _ transaction: Transaction
    ) async throws {
        let bucket = try await stretches(of: summary.range, upTo: .days, transaction).buckets(
            percentiles: [], hasEnds: false
        ) { _ in "true" }
        let rows = try await transaction.query(
            """
            WITH counted AS (
                SELECT s.device_id, s.sensor_type, \(given.unit) AS unit, s.kind,
                    \(given.moments("b.moments")) AS moments, \(given.value("b.minimum")) AS minimum,
                    \(given.value("b.maximum")) AS maximum,
                    coalesce(b.moments[1], 0)::bigint + text.count AS count, coalesce(b.source, 0::smallint) AS source
                FROM readings.series AS s \(given.conversions)
                LEFT JOIN LATERAL (\(bucket)) AS b ON true
                CROSS JOIN LATERAL (
                    SELECT count(*) FROM readings.readings AS r
                    WHERE s.kind = \(ValueKind.text.rawValue) AND r.series_id = s.id
                        AND r.time >= \(summary.range.start) AND r.time < \(summary.range.end)) AS text
                WHERE \(filter.conditions(organization))
            ), groups AS (
                SELECT grouping(device_id, sensor_type) AS level, device_id, sensor_type, unit, kind,
                    coalesce(sum(count), 0)::bigint AS count, count(*) AS series, count(DISTINCT device_id) AS devices,
                    readings.combined(moments) AS moments, min(minimum) AS minimum, max(maximum) AS maximum,
                    coalesce(max(source), 0::smallint) AS source
                FROM counted WHERE count > 0 GROUP BY GROUPING SETS ((), (device_id), (sensor_type, unit, kind))
            ), placed AS (
                SELECT *, row_number() OVER (
                    PARTITION BY level ORDER BY count DESC, device_id, sensor_type, unit, kind) AS place
                FROM groups
            )
            SELECT level, device_id, sensor_type, unit, series, devices, count, source,
                \(RollupColumns.summary("moments", "minimum", "maximum"))
            FROM placed
            WHERE place <= CASE level WHEN \(Level.device.rawValue) THEN \(Int32(ReadingSummary.mostBusiest))
                ELSE \(Int32(ReadingSummary.mostSensors)) END
            ORDER BY level, place
            """)
        for row in rows { try summary.add(row) }
    }

    /// Series by series, by their key: a join may as well read what all organizations have of the range.
    private func qualities(
        _ filter: SeriesFilter, _ range: TimeRange, _ organization: UUID, _ transaction: Transaction
    ) async throws -> [Quality: Int] {
        let rows = try await transaction.query(
            """
            SELECT r.quality, sum(r.count)::bigint
            FROM readings.series AS s CROSS JOIN LATERAL (
                SELECT quality, count(*) AS count FROM readings.readings
                WHERE series_id = s.id AND time >= \(range.start) AND time < \(range.end)
                GROUP BY quality) AS r
            WHERE \(filter.conditions(organization))
            GROUP BY 1
            """)
        return try rows.reduce(into: [:]) { counts, row in
            let (quality, count) = try row.decode(Int16.self, Int.self)
            counts[Quality(rawValue: quality) ?? .good, default: 0] += count
        }
    }

    private func findSilent(
        _ summary: inout ReadingSummary, _ filter: SeriesFilter, _ organization: UUID, _ transaction: Transaction
    ) async throws {
        let range = summary.range
        let ofSensors: SQL =
            filter.sensorTypes.isEmpty ? "true" : "s.sensor_type = ANY(\(filter.sensorTypes))"
        let rows = try await transaction.query(
            """
            SELECT silent.id, silent.total, last.time
            FROM (
                SELECT d.id, count(*) OVER () AS total
                FROM (SELECT id FROM readings.devices WHERE \(filter.deviceConditions(organization))) AS d
                WHERE NOT EXISTS (
                    SELECT FROM readings.series AS s
                    WHERE s.device_id = d.id AND \(ofSensors) AND EXISTS (
                        SELECT FROM readings.readings AS r
                        WHERE r.series_id = s.id AND r.time >= \(range.start) AND r.time < \(range.end)))
                ORDER BY d.id LIMIT \(ReadingSummary.mostSilent)) AS silent
            CROSS JOIN LATERAL (
                SELECT max(newest.time) AS time FROM readings.series AS s
                CROSS JOIN LATERAL (
                    SELECT r.time FROM readings.readings AS r
                    WHERE r.series_id = s.id AND r.time < \(range.end) ORDER BY r.time DESC LIMIT 1) AS newest
                WHERE s.device_id = silent.id) AS last
            ORDER BY silent.id
            """)
        summary.silent = try rows.first?.decode(at: 1) ?? 0
        summary.silentDevices = try rows.map {
            ReadingSummary.SilentDevice(id: try $0.decode(at: 0), lastReading: try $0.decode(at: 2))
        }
    }
}

/// What the rows of `groups` are of: `grouping(device_id, sensor_type)` has a bit for each that is not grouped by.
private enum Level: Int32 {
    case device = 1
    case sensor = 2
    case all = 3
}

extension ReadingSummary {
    /// - Throws: `DecodingFailure`.
    fileprivate mutating func add(_ row: Row) throws {
        let count = try row.decode(Int.self, at: 6)
        switch Level(rawValue: try row.decode(at: 0)) {
        case .device: busiest.append(Device(id: try row.decode(at: 1), readings: count))
        case .sensor:
            sensors.append(
                Sensor(
                    sensorType: try row.decode(at: 2), unit: try row.decode(at: 3), series: try row.decode(at: 4),
                    devices: try row.decode(at: 5), readings: count, summary: try Summary(row, from: 8)))
        case .all, nil:
            (series, devices) = (try row.decode(at: 4), try row.decode(at: 5))
            (readings, resolution) = (count, try ReadingSource(row, at: 7))
        }
    }
}
