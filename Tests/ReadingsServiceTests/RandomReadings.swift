import Postgres
import TestKit

@testable import ReadingsService

extension TestDevice {
    /// A sensor with `count` numbers around 20, at random whole seconds of a range, qualities in turn.
    func storeRandom(
        _ sensor: String, count: Int, from start: Timestamp, to end: Timestamp, seed: UInt64
    ) async throws {
        var random = SplitMix64(seed: seed)
        let seconds = Int(end.since(start).components.seconds)
        var offsets: Set<Int> = []
        while offsets.count < count { offsets.insert(.random(in: 0..<seconds, using: &random)) }
        let readings = offsets.sorted().map { offset in
            (start.adding(.seconds(offset)), Double.random(in: 15...25, using: &random))
        }
        try await store(sensor, readings)
    }

    /// A sensor with numbers, written straight into the table, and the rollups of them.
    func store(_ sensor: String, unit: String = "°C", _ readings: [(time: Timestamp, value: Double)]) async throws {
        let times = readings.map(\.time)
        try await server.service.query(
            """
            SELECT readings.ensure_partitions(ARRAY(
                SELECT DISTINCT floor(extract(epoch FROM time) / 604800)::bigint FROM unnest(\(times)) AS time))
            """)
        try await server.service.query(
            """
            WITH series AS (
                INSERT INTO readings.series (organization_id, device_id, sensor_type, unit, kind)
                VALUES (\(organization), \(id), \(sensor), \(unit), 0) RETURNING id
            ), marked AS (
                INSERT INTO readings.stale_hours (series_id, hour)
                SELECT DISTINCT series.id, \(RollupStore.hour(of: "time")) FROM series, unnest(\(times)) AS time)
            INSERT INTO readings.readings (series_id, time, value, quality, batch_id)
            SELECT series.id, reading.time, reading.value, 1 + reading.number % 5, 0
            FROM series, unnest(\(times), \(readings.map(\.value))) WITH ORDINALITY AS reading (time, value, number)
            """)
        try await rollUp()
    }

    /// `SELECT` of the readings of one sensor `AS r`; the numbers of the only row.
    func numbers(_ columns: SQL, of sensor: String, from start: Timestamp, to end: Timestamp) async throws -> [Double] {
        let rows = try await server.service.query(
            """
            SELECT ARRAY[\(columns)]::float8[] FROM readings.series AS s
            JOIN readings.readings AS r ON r.series_id = s.id
            WHERE s.device_id = \(id) AND s.sensor_type = \(sensor) AND r.time >= \(start) AND r.time < \(end)
            """)
        return try rows[0].decode(at: 0)
    }
}

extension Double {
    /// Whether it differs from `other` by rounding only.
    func isNearly(_ other: Double?) -> Bool {
        guard let other else { return false }
        return abs(self - other) <= 1e-9 * Swift.max(1, abs(self), abs(other))
    }
}
