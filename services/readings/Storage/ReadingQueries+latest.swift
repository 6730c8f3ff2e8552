import FoundationEssentials
import Postgres

extension ReadingQueries {
    /// Nearly all sensors have sent something within it, so that nothing older is looked at for them: of partitions and
    /// chunks of years, to plan for all takes longer than to read from one.
    private static let recently = Duration.seconds(2 * 86_400)

    /// A series, and its newest reading where it has any.
    private struct Newest {
        let series: Int64
        let device: UUID
        let sensorType: String
        var reading: ReadingView?

        init(_ row: Row) throws {
            series = try row.decode(at: 0)
            device = try row.decode(at: 1)
            sensorType = try row.decode(at: 2)
            reading = try row.decode(Timestamp?.self, at: 5) == nil ? nil : ReadingView(row, from: 1)
        }
    }

    /// The newest reading of each series, by device and sensor type.
    ///
    /// - Throws: `PostgresError`.
    func latest(_ filter: SeriesFilter, limit: Int, organization: UUID) async throws -> [ReadingView] {
        let conditions = filter.conditions(organization)
        return try await reads.transaction(for: organization) { transaction in
            var readings: [ReadingView] = []
            var behind: SQL = ""
            while readings.count < limit {
                let count = limit - readings.count
                let page = try await Self.newest("\(conditions) \(behind)", limit: count, transaction)
                readings += page.compactMap(\.reading)
                // All readings of a series may have been deleted, so that another one takes its place.
                guard page.count == count, let last = page.last else { break }
                behind = "AND (s.device_id, s.sensor_type) > (\(last.device), \(last.sensorType))"
            }
            return readings
        }
    }

    /// What the series for which `condition` holds have newest.
    private static func newest(_ condition: SQL, limit: Int, _ transaction: Transaction) async throws -> [Newest] {
        let start = Timestamp.now.adding(.zero - recently)
        var series = try await transaction.query(newest("time >= \(start)", condition, limit)).map(Newest.init)
        let silent = series.filter { $0.reading == nil }.map(\.series)
        guard !silent.isEmpty else { return series }
        let rows = try await transaction.query(newest("time < \(start)", "s.id = ANY(\(silent))", limit))
        var older: [Int64: ReadingView] = [:]
        for newest in try rows.map(Newest.init) { older[newest.series] = newest.reading }
        for index in series.indices where series[index].reading == nil {
            series[index].reading = older[series[index].series]
        }
        return series
    }

    private static func newest(_ time: SQL, _ condition: SQL, _ limit: Int) -> SQL {
        """
        SELECT s.id, \(columns)
        FROM readings.series AS s
        LEFT JOIN LATERAL (
            SELECT * FROM readings.readings WHERE series_id = s.id AND \(time) ORDER BY time DESC LIMIT 1
        ) AS r ON true
        WHERE \(condition)
        ORDER BY s.device_id, s.sensor_type LIMIT \(limit)
        """
    }
}
