import Postgres

extension RollupStore {
    /// Computes some of the stale hours anew, and the days that they are of.
    ///
    /// - Parameter limit: At most so many hours.
    /// - Returns: How many hours those were, 0 when none is stale; nil when it is another instance's turn.
    /// - Throws: `PostgresError`; `queryCanceled` where they have more readings than are looked at in time.
    func rollUp(before end: Timestamp, limit: Int64 = hoursPerTurn) async throws -> Int? {
        let look = try await marks.look { start in
            try await turn { transaction in
                let rows = try await transaction.batch(["SELECT now()", Self.take(from: start, before: end, limit)])
                let taken = try rows[1].map { try $0.decode(Int64.self, Timestamp.self, Timestamp.self) }
                let hours = taken.map(\.1)
                if let first = hours.min(), let last = hours.max() {
                    let range = first..<last.adding(.seconds(3600))
                    try await transaction.batch(Self.compute(taken.map(\.0), hours, within: range))
                }
                let places = taken.map { Watermark.Place(time: $0.2, id: $0.0) }
                // What `end` leaves for later is not due before the hour that begins then has ended.
                return Watermark.Look(
                    time: try rows[0][0].decode(Timestamp.self), found: places, isFull: taken.count == Int(limit),
                    oldestLeft: end.adding(.seconds(3600)))
            }
        }
        return look?.found.count
    }

    /// Takes marks away, through `stale_hours_by_due`, and answers the series, the hour and when it was due of each, in the
    /// order in which they were due.
    static func take(from start: Watermark.Place, before end: Timestamp, _ limit: Int64) -> SQL {
        """
        WITH due AS (
            SELECT series_id, hour FROM readings.stale_hours
            WHERE \(start.isReached(by: "due_at", "series_id")) AND hour < \(end)
            ORDER BY due_at, series_id LIMIT \(limit) FOR UPDATE
        ), taken AS (
            DELETE FROM readings.stale_hours AS stale USING due
            WHERE stale.series_id = due.series_id AND stale.hour = due.hour
            RETURNING stale.series_id, stale.hour, stale.due_at
        )
        SELECT series_id, hour, due_at FROM taken ORDER BY due_at, series_id
        """
    }

    /// - Parameter range: All of the hours are within.
    private static func compute(
        _ series: [Int64], _ hours: [Timestamp], within range: Range<Timestamp>
    ) -> [SQL] {
        let stale: SQL = "unnest(\(series), \(hours)) AS stale (series_id, hour)"
        let days: SQL = """
            (SELECT DISTINCT series_id, date_bin('1 day', hour, timestamptz 'epoch') AS day FROM \(stale)) AS stale
            """
        return [
            deleteMinutes(of: stale), deleteHours(stale), insertHours(stale, within: range), deleteDays(days),
            insertDays(days),
        ]
    }

    private static func deleteMinutes(of stale: SQL) -> SQL {
        """
        DELETE FROM readings.rollup_1m AS m USING \(stale)
        WHERE m.series_id = stale.series_id AND m.time >= stale.hour AND m.time < stale.hour + interval '1 hour'
        """
    }

    private static func deleteHours(_ stale: SQL) -> SQL {
        """
        DELETE FROM readings.rollup_1h AS h USING \(stale)
        WHERE h.series_id = stale.series_id AND h.time = stale.hour
        """
    }

    /// The hours, and their minutes where those are kept, from one look at the readings. `OFFSET 0` makes that an hour after
    /// the other, by their key; `range` keeps all other partitions and chunks out of the plan, which would else be ruled out
    /// for each hour anew.
    private static func insertHours(_ stale: SQL, within range: Range<Timestamp>) -> SQL {
        """
        WITH minutes AS MATERIALIZED (
            SELECT stale.series_id, stale.hour, date_bin('1 minute', r.time, stale.hour) AS time,
                \(RollupColumns.ofReadings)
            FROM \(stale) CROSS JOIN LATERAL (
                SELECT time, value FROM readings.readings
                WHERE series_id = stale.series_id AND time >= stale.hour AND time < stale.hour + interval '1 hour'
                    AND time >= \(range.lowerBound) AND time < \(range.upperBound) AND value IS NOT NULL
                OFFSET 0) AS r
            GROUP BY 1, 2, 3
        ), hours AS MATERIALIZED (
            SELECT b.series_id, b.hour, \(RollupColumns.ofBuckets) FROM minutes AS b GROUP BY 1, 2
        ), kept AS (
            INSERT INTO readings.rollup_1m (series_id, time, \(columns))
            SELECT b.series_id, b.time, b.moments, b.minimum, b.maximum, b.first, b.last
            FROM minutes AS b JOIN hours USING (series_id, hour) WHERE hours.moments[1] >= \(leastForMinutes)
        )
        INSERT INTO readings.rollup_1h (series_id, time, \(columns)) SELECT series_id, hour, \(columns) FROM hours
        """
    }

    private static func deleteDays(_ stale: SQL) -> SQL {
        """
        DELETE FROM readings.rollup_1d AS d USING \(stale)
        WHERE d.series_id = stale.series_id AND d.time = stale.day
        """
    }

    private static func insertDays(_ stale: SQL) -> SQL {
        """
        INSERT INTO readings.rollup_1d (series_id, time, \(columns))
        SELECT stale.series_id, stale.day, \(RollupColumns.ofBuckets)
        FROM \(stale) JOIN readings.rollup_1h AS b ON b.series_id = stale.series_id
            AND b.time >= stale.day AND b.time < stale.day + interval '24 hours'
        GROUP BY 1, 2
        """
    }

    private static let columns: SQL = "moments, minimum, maximum, first, last"
}
