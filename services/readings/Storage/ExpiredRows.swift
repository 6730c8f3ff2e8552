import Postgres

/// The readings, and what they come to in the rollups, that are older than they are kept.
///
/// Any number of instances may delete them; each transaction is one instance's.
struct ExpiredRows: Sendable {
    /// All that has rows of series by time. The rollups' time is when a minute, an hour or a day (UTC) begins, so each goes
    /// with the readings it was made of.
    static let tables: [SQL] = [
        "readings.readings", "readings.rollup_1m", "readings.rollup_1h", "readings.rollup_1d",
    ]
    private static let pageSize = 500

    let database: PostgresClient
    var pieceSize = SeriesRows.pieceSize

    /// Drops a partition of readings, or chunk, that no organization keeps anything of.
    ///
    /// - Returns: Whether there may be more.
    /// - Throws: `PostgresError`.
    func dropPartition() async throws -> Bool {
        let rows = try await database.query("SELECT readings.drop_expired_partition()")
        return try rows.first?.decode(Bool.self) ?? false
    }

    /// The next series of which not everything is kept, by id; none when there are no more.
    ///
    /// - Throws: `PostgresError`.
    func series(after id: Int64, in table: SQL, at now: Timestamp) async throws -> [KeptSeries] {
        let rows = try await database.query(
            """
            SELECT id, start,
                EXISTS (SELECT FROM \(table) AS expired WHERE expired.series_id = kept.id AND expired.time < kept.start)
            FROM (
                SELECT s.id, \(UTCDay.midnight(of: now)) - least(readings.kept_days(l), r.days) * interval '24 hours'
                    AS start
                FROM readings.series AS s
                LEFT JOIN readings.limits AS l ON l.organization_id = s.organization_id
                LEFT JOIN readings.retentions AS r
                    ON r.organization_id = s.organization_id AND r.device_id = s.device_id
                WHERE s.id > \(id) AND least(readings.kept_days(l), r.days) IS NOT NULL
                ORDER BY s.id LIMIT \(Self.pageSize)
            ) AS kept
            ORDER BY id
            """, as: .platform)
        return try rows.map { row in
            let (id, start, isExpired) = try row.decode(Int64.self, Timestamp.self, Bool.self)
            return KeptSeries(id: id, start: start, isExpired: isExpired)
        }
    }

    /// Deletes the oldest rows of a series that it does not keep.
    ///
    /// - Returns: Whether there may be more; nil when it is another instance's turn.
    /// - Throws: `PostgresError`.
    func deletePiece(of series: KeptSeries, in table: SQL) async throws -> Bool? {
        try await database.withTransaction(as: .platform) { transaction in
            let lock = try await transaction.query(
                "SELECT pg_try_advisory_xact_lock(hashtextextended('lms readings retention', 0))")
            guard try lock.first?.decode(Bool.self, at: 0) == true else { return nil }
            let rows = SeriesRows(table: table, series: series.id)
            guard let piece = try await rows.oldest(until: series.start, limit: pieceSize, transaction) else {
                return false
            }
            let count = try await rows.delete(piece, transaction)
            return rows.mayBeMore(behind: piece, of: count, limit: pieceSize, until: series.start)
        }
    }
}

/// A series of which not everything is kept.
struct KeptSeries: Sendable {
    let id: Int64
    /// What is older is not kept.
    let start: Timestamp
    /// Whether the table that was looked into has something older.
    let isExpired: Bool
}
