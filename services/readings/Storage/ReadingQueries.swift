import FoundationEssentials
import HTTPKit
import Identity
import Postgres

/// Reads readings back. Every query joins the series, whose row security keeps organizations apart.
struct ReadingQueries: Sendable {
    /// Where a page ended.
    struct Position: Codable, Sendable {
        let time: Timestamp
        let series: Int64

        enum CodingKeys: String, CodingKey {
            case time = "t"
            case series = "s"
        }
    }

    /// Where a page of series ended.
    struct SeriesPosition: Codable, Sendable {
        let device: UUID
        let sensorType: String

        enum CodingKeys: String, CodingKey {
            case device = "d"
            case sensorType = "s"
        }
    }

    let reads: LongReads

    /// The readings of a time range, by time and then series.
    ///
    /// - Returns: Up to the page's ``PageRequest/fetchLimit`` readings, each with its place.
    /// - Throws: `PostgresError`.
    func range(
        _ filter: SeriesFilter, _ range: TimeRange, _ page: PageRequest<Position>, organization: UUID
    ) async throws -> [(position: Position, reading: ReadingView)] {
        let start = page.after
        // The bound of time alone is one of the primary key.
        let (behind, order): (SQL, SQL) =
            switch page.order {
            case .ascending:
                (
                    start.map { "AND time >= \($0.time) AND (time, series_id) > (\($0.time), \($0.series))" } ?? "",
                    "ASC"
                )
            case .descending:
                (
                    start.map { "AND time <= \($0.time) AND (time, series_id) < (\($0.time), \($0.series))" } ?? "",
                    "DESC"
                )
            }
        // No series has more on the page than the page has: so many are read of each by the primary key, and not all of
        // the range.
        let query: SQL = """
            SELECT r.time, r.series_id, \(Self.columns)
            FROM readings.series AS s
            CROSS JOIN LATERAL (
                SELECT * FROM readings.readings
                WHERE series_id = s.id AND time >= \(range.start) AND time < \(range.end) \(behind)
                ORDER BY time \(order) LIMIT \(page.fetchLimit)
            ) AS r
            WHERE \(filter.conditions(organization))
            ORDER BY r.time \(order), r.series_id \(order) LIMIT \(page.fetchLimit)
            """
        let rows = try await reads.transaction(for: organization) { try await $0.query(query) }
        return try rows.map { row in
            let (time, series) = try row.decode(Timestamp.self, Int64.self)
            return (Position(time: time, series: series), try ReadingView(row, from: 2))
        }
    }

    /// The columns of a ``ReadingView``.
    static let columns: SQL =
        "s.device_id, s.sensor_type, s.unit, s.kind, r.time, r.value, r.text_value, r.quality, r.attributes"
}
