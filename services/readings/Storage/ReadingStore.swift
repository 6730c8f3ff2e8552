import FoundationEssentials
import Postgres

/// The readings and the batches they came in.
struct ReadingStore: Sendable {
    /// So many rows are copied faster than inserted, though that takes more round trips.
    static let worthCopying = 200

    private let database: PostgresClient
    private let flushes: PostgresClient
    private let batchIDs: BatchIDs
    private let partitions: Partitions
    private let duplicates = RecentDuplicates()

    /// - Parameter flushes: Whose connections large and old batches take for themselves.
    init(database: PostgresClient, flushes: PostgresClient) {
        self.database = database
        self.flushes = flushes
        batchIDs = BatchIDs(database: database)
        partitions = Partitions(database: flushes)
    }

    /// Makes the partitions that rows of this week and the next go into.
    ///
    /// - Throws: `PostgresError`.
    func makePartitionsAhead() async throws {
        try await partitions.makeAhead()
    }

    /// Stores the rows of a plan in one transaction.
    ///
    /// - Parameter isLate: The rows are old: they may take long and be there already, and nobody is to wait behind them.
    /// - Returns: The batch's id and, per row, whether it was new; nil when all were.
    /// - Throws: `PostgresError`; then nothing was stored, except after `connectionLost`, where that is not known.
    func store(_ plan: FlushPlan, isLate: Bool = false) async throws -> (id: Int64, inserted: [Bool]?) {
        guard let first = plan.times.min(), let last = plan.times.max() else { return (0, nil) }
        let id = try await batchIDs.next()
        let ranges = plan.keyRanges
        let batch: SQL = """
            INSERT INTO readings.batches (id, row_count, min_time, max_time, series_ids, first_times, last_times)
            VALUES (\(id), \(Int32(plan.count)), \(first), \(last), \(ranges.seriesIDs), \(ranges.firstTimes),
                \(ranges.lastTimes))
            """
        let areNew = try await partitions.withPartitions(for: plan.times) {
            if !isLate, try await copy(plan, batchID: id, batch) { return true }
            let statements = [insert(plan, batchID: id), batch]
            let rows =
                isLate
                ? try await flushes.withTransaction { try await $0.batch(statements) }
                : try await database.batch(statements)
            return rows[0].affectedRows == plan.count
        }
        guard !areNew else { return (id, nil) }
        duplicates.note()
        return (id, try await findInserted(plan, batchID: id, first, last))
    }

    /// Stores the rows by COPY, which costs the server less than half of what INSERT does, but all fail where one is there
    /// already.
    ///
    /// - Returns: False where that is so, or they are too few to be worth it; then nothing was stored.
    private func copy(_ plan: FlushPlan, batchID: Int64, _ batch: SQL) async throws -> Bool {
        guard plan.count >= Self.worthCopying, !duplicates.areLikely else { return false }
        let rows = plan.rows(batchID: batchID)
        do {
            try await flushes.withTransaction { transaction in
                try await transaction.query(batch)
                _ = try await transaction.copyIn(
                    """
                    COPY readings.readings (series_id, time, value, text_value, quality, batch_id, attributes)
                    FROM STDIN (FORMAT binary)
                    """, rows)
            }
            return true
        } catch let error as PostgresError where error.sqlState == .uniqueViolation {
            return false
        }
    }

    private func insert(_ plan: FlushPlan, batchID: Int64) -> SQL {
        let texts: SQL = plan.hasTexts ? "\(plan.texts)" : "NULL::text[]"
        let attributes: SQL = plan.hasAttributes ? "\(plan.attributes)" : "NULL::jsonb[]"
        return """
            INSERT INTO readings.readings (series_id, time, value, text_value, quality, batch_id, attributes)
            SELECT series_id, time, value, text_value, quality, \(batchID), attributes
            FROM unnest(\(plan.seriesIDs), \(plan.times), \(plan.values), \(texts), \(plan.qualities), \(attributes))
                AS row (series_id, time, value, text_value, quality, attributes)
            ON CONFLICT DO NOTHING
            """
    }

    /// A row that this batch inserted carries its id; any other was there before. The times keep all other partitions and
    /// chunks out of the plan.
    private func findInserted(
        _ plan: FlushPlan, batchID: Int64, _ first: Timestamp, _ last: Timestamp
    ) async throws -> [Bool] {
        let rows = try await database.query(
            """
            SELECT coalesce(stored.batch_id = \(batchID), false)
            FROM unnest(\(plan.seriesIDs), \(plan.times)) WITH ORDINALITY AS row (series_id, time, position)
            LEFT JOIN readings.readings AS stored ON stored.series_id = row.series_id AND stored.time = row.time
                AND stored.time BETWEEN \(first) AND \(last)
            ORDER BY row.position
            """)
        return try rows.map { try $0.decode(Bool.self) }
    }

    /// Forgets batches that have been published, as far as publishing goes.
    ///
    /// - Throws: `PostgresError`.
    func forget(_ published: [Int64]) async throws {
        _ = try await database.query(BatchRows.published(published))
    }
}
