import Postgres

/// Keeps the rollups what the readings say: notes which hours of which series have changed, and computes those anew.
///
/// Any number of instances may do so; each transaction is one instance's. What is to be done is in tables alone, so an
/// instance that ends in between leaves it to the others:
///
/// 1. A flush commits readings and their batch, of which is not noted yet whether it changed anything.
/// 2. ``noteBatches()`` marks the hours that batches have readings of as stale, and the batches as noted.
/// 3. ``rollUp(before:)`` takes marks away and, in the same transaction but after that, reads the readings of these hours.
///    What a flush commits later than that is in a batch that is noted later still, so that it marks the hour once more.
///
/// Whoever changes readings in another way, such as by deleting them, marks their hours in the same transaction, and with
/// `ON CONFLICT (series_id, hour) DO UPDATE`: that locks a mark that is there already, which would else be taken away
/// before the change can be read.
struct RollupStore: Sendable {
    /// At most.
    static let batchesPerTurn = 1000
    /// Of the batches of a turn, about: so many series and hours are sorted at once.
    private static let rangesPerTurn: Int64 = 400_000
    /// At most: an hour may have millions of readings, and a statement 30 s.
    static let hoursPerTurn: Int64 = 100
    /// Of more stale hours it is not counted how many there are, which every instance does all the time.
    private static let mostCounted: Int64 = 100_000
    /// Of an hour with fewer readings there are no minutes, which would hardly be fewer than its readings.
    static let leastForMinutes = 240.0

    private let database: PostgresClient
    let batches = Watermark()
    let marks = Watermark()

    init(database: PostgresClient) {
        self.database = database
    }

    /// How many hours that have ended are stale, up to a hundred thousand. On a connection of its own, so that no request
    /// waits behind it.
    ///
    /// - Throws: `PostgresError`.
    func staleHours(before end: Timestamp) async throws -> Int {
        try await database.withTransaction { transaction in
            let rows = try await transaction.query(
                """
                SELECT count(*) FROM (
                    SELECT FROM readings.stale_hours WHERE \(isStale(before: end)) LIMIT \(Self.mostCounted)) AS stale
                """)
            return try rows[0].decode(Int.self)
        }
    }

    /// What of `readings.stale_hours` is stale and has ended.
    private func isStale(before end: Timestamp) -> SQL {
        "\(marks.floor.isReached(by: "due_at", "series_id")) AND hour < \(end)"
    }

    /// - Parameter times: A query of series' ids, and of times in the hours to be marked.
    private static func mark(_ times: SQL) -> SQL {
        """
        INSERT INTO readings.stale_hours (series_id, hour)
        SELECT DISTINCT series_id, \(hour(of: "time")) FROM (\(times)) AS changed (series_id, time) ORDER BY 1, 2
        ON CONFLICT DO NOTHING
        """
    }

    /// When the hour of `time` begins, whatever the session's time zone.
    static func hour(of time: SQL) -> SQL {
        "date_bin('1 hour', \(time), timestamptz 'epoch')"
    }

    /// Marks what some of the batches changed that are not noted yet.
    ///
    /// - Returns: Those batches; nil when it is another instance's turn.
    /// - Throws: `PostgresError`.
    func noteBatches() async throws -> Watermark.Look? {
        try await batches.look { start in
            try await turn { transaction in
                let rows = try await transaction.batch(["SELECT now()", Self.unnoted(from: start)])
                let found = try rows[1].map(Watermark.Place.init)
                if !found.isEmpty {
                    let ids = found.map(\.id)
                    // The batches' rows, which flushes lock as well, come last and are locked for a moment.
                    try await transaction.batch([Self.mark(Self.ranges(ids)), BatchRows.noted(ids)])
                }
                let seen = try rows[1].first?.decode(Int.self, at: 2) ?? 0
                return Watermark.Look(
                    time: try rows[0][0].decode(Timestamp.self), found: found,
                    isFull: found.count < seen || seen == Self.batchesPerTurn)
            }
        }
    }

    /// Selects the time and the id of batches, through `batches_by_commit`, and how many were looked at: those up to the
    /// one with which there are ranges enough.
    static func unnoted(from start: Watermark.Place) -> SQL {
        """
        SELECT committed_at, id, seen
        FROM (
            SELECT committed_at, id, count(*) OVER () AS seen,
                sum(ranges) OVER (ORDER BY committed_at, id) - ranges AS ranges_before
            FROM (
                SELECT committed_at, id, cardinality(series_ids) AS ranges FROM readings.batches
                WHERE NOT is_noted AND \(start.isReached(by: "committed_at", "id"))
                ORDER BY committed_at, id LIMIT \(Int64(batchesPerTurn))
            ) AS next
        ) AS counted
        WHERE ranges_before < \(rangesPerTurn)
        ORDER BY committed_at, id
        """
    }

    /// The hours that are, or may be, those of the batches' readings.
    private static func ranges(_ ids: [Int64]) -> SQL {
        """
        SELECT key_range.series_id, hour FROM readings.batches AS batch
        CROSS JOIN unnest(series_ids, first_times, last_times) AS key_range (series_id, first_time, last_time)
        CROSS JOIN generate_series(\(hour(of: "first_time")), last_time, interval '1 hour') AS hour
        WHERE batch.id = ANY(\(ids))
        """
    }

    /// Says that all that was measured before `end` is in the rollups, if it is.
    ///
    /// - Parameter end: The beginning of an hour. What was committed before it was asked for has been noted.
    /// - Throws: `PostgresError`.
    func advance(to end: Timestamp) async throws {
        _ = try await database.query(
            """
            UPDATE readings.rollup_progress SET until = \(end)
            WHERE until < \(end) AND walk_series IS NULL
                AND NOT EXISTS (SELECT FROM readings.stale_hours WHERE \(isStale(before: end)))
            """)
    }

    /// Runs `body` in a transaction unless another instance is at it, of which nil tells.
    func turn<Value: Sendable>(_ body: @Sendable (Transaction) async throws -> Value) async throws -> Value? {
        try await database.withTransaction(as: .platform) { transaction in
            let lock = try await transaction.query("SELECT pg_try_advisory_xact_lock(\(Self.lock))")
            guard try lock.first?.decode(Bool.self, at: 0) == true else { return nil }
            return try await body(transaction)
        }
    }

    private static let lock: SQL = "hashtextextended('lms readings rollups', 0)"

    /// Keeps every instance from its turn until the transaction ends, and waits for the one that is at it.
    ///
    /// - Throws: `PostgresError`.
    static func pause(_ transaction: Transaction) async throws {
        try await transaction.query("SELECT pg_advisory_xact_lock(\(lock))")
    }
}
