import FoundationEssentials
import HTTPKit
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
    /// - Returns: Up to the page's ``PageRequest/fetchLimit``.
    /// - Throws: `PostgresError`.
    func latest(
        _ filter: SeriesFilter, _ page: PageRequest<SeriesPosition>, organization: UUID
    ) async throws -> [ReadingView] {
        let conditions = filter.conditions(organization)
        return try await reads.transaction(for: organization) { transaction in
            var readings: [ReadingView] = []
            var position = page.after
            while readings.count < page.fetchLimit {
                let rest = PageRequest(limit: page.limit - readings.count, order: page.order, after: position)
                let series = try await Self.newest(conditions, rest, transaction)
                readings += series.compactMap(\.reading)
                // All readings of a series may have been deleted, so that another one takes its place.
                guard series.count == rest.fetchLimit, let last = series.last else { break }
                position = SeriesPosition(device: last.device, sensorType: last.sensorType)
            }
            return readings
        }
    }

    /// What the series of the page for which `condition` holds have newest.
    private static func newest(
        _ condition: SQL, _ page: PageRequest<SeriesPosition>, _ transaction: Transaction
    ) async throws -> [Newest] {
        let start = Timestamp.now.adding(.zero - recently)
        var series = try await transaction.query(newest("time >= \(start)", condition, page)).map(Newest.init)
        let silent = series.filter { $0.reading == nil }.map(\.series)
        guard !silent.isEmpty else { return series }
        let rows = try await transaction.query(newest("time < \(start)", "s.id = ANY(\(silent))", page))
        var older: [Int64: ReadingView] = [:]
        for newest in try rows.map(Newest.init) { older[newest.series] = newest.reading }
        for index in series.indices where series[index].reading == nil {
            series[index].reading = older[series[index].series]
        }
        return series
    }

    private static func newest(_ time: SQL, _ condition: SQL, _ page: PageRequest<SeriesPosition>) -> SQL {
        let comparison: SQL = page.order == .ascending ? ">" : "<"
        let behind: SQL =
            page.after.map { "AND (s.device_id, s.sensor_type) \(comparison) (\($0.device), \($0.sensorType))" } ?? ""
        let order = page.order.keyword
        return """
            SELECT s.id, \(columns)
            FROM readings.series AS s
            LEFT JOIN LATERAL (
                SELECT * FROM readings.readings WHERE series_id = s.id AND \(time) ORDER BY time DESC LIMIT 1
            ) AS r ON true
            WHERE \(condition) \(behind)
            ORDER BY s.device_id \(order), s.sensor_type \(order) LIMIT \(page.fetchLimit)
            """
    }
}
