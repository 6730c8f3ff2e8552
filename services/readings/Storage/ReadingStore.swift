import FoundationEssentials
import Postgres

/// The readings and the batches they came in.
struct ReadingStore: Sendable {
    private let database: PostgresClient
    private let batchIDs: BatchIDs
    private let partitions: Partitions

    init(database: PostgresClient) {
        self.database = database
        batchIDs = BatchIDs(database: database)
        partitions = Partitions(database: database)
    }

    /// Makes the partitions that rows of this week and the next go into.
    ///
    /// - Throws: `PostgresError`.
    func makePartitionsAhead() async throws {
        try await partitions.makeAhead()
    }

    /// Stores the rows of a plan in one transaction and one round trip.
    ///
    /// - Parameter alone: On a connection of its own, as nobody is to wait behind it.
    /// - Returns: The batch's id and, per row, whether it was new; nil when all were.
    /// - Throws: `PostgresError`; then nothing was stored, except after `connectionLost`, where that is not known.
    func store(_ plan: FlushPlan, alone: Bool = false) async throws -> (id: Int64, inserted: [Bool]?) {
        guard let first = plan.times.min(), let last = plan.times.max() else { return (0, nil) }
        let id = try await batchIDs.next()
        let ranges = plan.keyRanges
        let rows = try await partitions.withPartitions(for: plan.times) {
            let statements = [
                insert(plan, batchID: id),
                """
                INSERT INTO readings.batches (id, row_count, min_time, max_time, series_ids, first_times, last_times)
                VALUES (\(id), \(Int32(plan.count)), \(first), \(last), \(ranges.seriesIDs), \(ranges.firstTimes),
                    \(ranges.lastTimes))
                """,
            ]
            guard alone else { return try await database.batch(statements) }
            return try await database.withTransaction { try await $0.batch(statements) }
        }
        guard rows[0].affectedRows < plan.count else { return (id, nil) }
        return (id, try await findInserted(plan, batchID: id, first, last))
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
