import Postgres

/// The rows of a series in a table whose key is (`series_id`, `time`), to be deleted a piece a transaction.
///
/// A piece is a stretch of time that holds a limited number of rows and is no longer than ``pieceDays``: TimescaleDB
/// decompresses at most 100,000 rows in a transaction, and what deletes from a chunk locks it. Rows go by the series and by
/// times that are both given as values, so that only the partitions, chunks and compressed rows that hold some of them are
/// touched.
struct SeriesRows: Sendable {
    /// At most so many rows in a piece.
    static let pieceSize = 20_000

    let table: SQL
    let series: Int64

    /// The oldest rows from `start` up to but without `end`.
    ///
    /// - Parameter limit: At most so many rows.
    /// - Returns: The times of the first and last of them; nil when there are none.
    /// - Throws: `PostgresError`.
    func oldest(
        from start: Timestamp? = nil, until end: Timestamp? = nil, limit: Int = pieceSize, _ transaction: Transaction
    ) async throws -> ClosedRange<Timestamp>? {
        var conditions: [SQL] = ["series_id = \(series)"]
        if let start { conditions.append("time >= \(start)") }
        if let end { conditions.append("time < \(end)") }
        let condition = conditions.joined(separator: " AND ")
        let rows = try await transaction.query(
            """
            SELECT min(time), max(time) FROM (
                SELECT time FROM \(table)
                WHERE \(condition) AND time < \(Self.pieceDays) * interval '24 hours'
                    + (SELECT time FROM \(table) WHERE \(condition) ORDER BY time LIMIT 1)
                ORDER BY time LIMIT \(limit)
            ) AS piece
            """)
        guard let (first, last) = try rows.first?.decode(Timestamp?.self, Timestamp?.self), let first, let last
        else { return nil }
        return first...last
    }

    /// Whether rows before `end` may be left behind a piece from the oldest row on, of which so many were deleted: those of a
    /// piece that was full or as long as it may be.
    func mayBeMore(behind piece: ClosedRange<Timestamp>, of count: Int, limit: Int, until end: Timestamp) -> Bool {
        count >= limit || piece.lowerBound.adding(.seconds(Self.pieceDays * 86_400)) < end
    }

    /// Deletes the rows of a piece.
    ///
    /// - Returns: How many there were.
    /// - Throws: `PostgresError`.
    func delete(_ piece: ClosedRange<Timestamp>, _ transaction: Transaction) async throws -> Int {
        try await count(
            "WITH deleted AS (\(deletion(of: piece))) SELECT count(*) FROM deleted", transaction)
    }

    /// As ``delete(_:_:)``, of readings, and has the rollups of their hours made anew.
    ///
    /// A mark that is there already is written again: that locks it, so that it is not taken away, and the hour made anew,
    /// before this transaction's end lets the deletion be seen.
    func deleteAndMark(_ piece: ClosedRange<Timestamp>, _ transaction: Transaction) async throws -> Int {
        try await count(
            """
            WITH deleted AS (\(deletion(of: piece))),
            marked AS (
                INSERT INTO readings.stale_hours (series_id, hour)
                SELECT DISTINCT \(series), \(RollupStore.hour(of: "time")) FROM deleted ORDER BY 2
                ON CONFLICT (series_id, hour) DO UPDATE SET hour = excluded.hour)
            SELECT count(*) FROM deleted
            """, transaction)
    }

    /// What is deleted is returned, to be counted: of compressed rows that it drops without a look TimescaleDB reports
    /// that none was deleted.
    private func deletion(of piece: ClosedRange<Timestamp>) -> SQL {
        """
        DELETE FROM \(table) WHERE series_id = \(series) AND time >= \(piece.lowerBound) AND time <= \(piece.upperBound)
        RETURNING time
        """
    }

    private func count(_ statement: SQL, _ transaction: Transaction) async throws -> Int {
        try await transaction.query(statement).first?.decode(Int.self) ?? 0
    }

    /// Of TimescaleDB's chunks, which are of a day.
    private static let pieceDays = 64
}
