import Postgres

extension RollupStore {
    /// So many hours are marked at once.
    private static let hoursPerStep: Int64 = 1000

    /// Marks the next hours of readings that were there before the rollups, series by series, from hour to hour by the key:
    /// as many looks as there are hours with readings, however many those have.
    ///
    /// - Returns: Whether there may be more to mark; nil when it is another instance's turn.
    /// - Throws: `PostgresError`.
    func markEarlierHours() async throws -> Bool? {
        try await turn { transaction in
            let found = try await transaction.query(
                """
                SELECT walk_series, walk_hour, (SELECT min(id) FROM readings.series WHERE id >= walk_series)
                FROM readings.rollup_progress WHERE walk_series IS NOT NULL
                """)
            guard let (begun, hour, next) = try found.first?.decode(Int64.self, Timestamp.self, Int64?.self) else {
                return false
            }
            guard let series = next else {
                try await transaction.query("UPDATE readings.rollup_progress SET walk_series = NULL")
                return false
            }
            let start = series == begun ? hour : Timestamp(microseconds: 0)
            let marked = try await transaction.query(Self.markHours(of: series, from: start))
            let (count, last) = try marked[0].decode(Int64.self, Timestamp?.self)
            // A series that is not done yet goes on after the last hour that was marked.
            let (place, time) =
                if count == Self.hoursPerStep, let last {
                    (series, last.adding(.seconds(3600)))
                } else {
                    (series + 1, Timestamp(microseconds: 0))
                }
            try await transaction.query(
                "UPDATE readings.rollup_progress SET walk_series = \(place), walk_hour = \(time)")
            return true
        }
    }

    /// Answers how many were marked, and the last one.
    private static func markHours(of series: Int64, from start: Timestamp) -> SQL {
        func next(from time: SQL) -> SQL {
            """
            (SELECT \(hour(of: "time")) FROM readings.readings WHERE series_id = \(series) AND time >= \(time)
                ORDER BY time LIMIT 1)
            """
        }
        return """
            WITH RECURSIVE hours (hour) AS (
                SELECT \(next(from: "\(start)"))
                UNION ALL
                SELECT \(next(from: "hours.hour + interval '1 hour'")) FROM hours WHERE hours.hour IS NOT NULL
            ), found AS MATERIALIZED (
                SELECT hour FROM hours WHERE hour IS NOT NULL LIMIT \(hoursPerStep)
            ), marked AS (
                INSERT INTO readings.stale_hours (series_id, hour) SELECT \(series), hour FROM found
                ON CONFLICT DO NOTHING
            )
            SELECT count(*), max(hour) FROM found
            """
    }
}
