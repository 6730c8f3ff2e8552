import FoundationEssentials
import HTTPKit
import Postgres

/// Writes readings out, of any number, as the database forms them: from its rows to the client nothing is gathered.
struct ReadingExport: Sendable {
    /// What is exported.
    struct Selection: Sendable {
        var filter = SeriesFilter()
        let range: TimeRange
        /// The last reading that is not wanted any more.
        var after: ReadingPosition?
    }

    /// So many exports are under way at once.
    static let maximumUnderWay = 4
    /// So long, in milliseconds, one may take, also because its reader is slow; the server ends it then.
    private static let patience = "3600000"

    private let database: PostgresClient
    private let primary: PostgresClient
    private let ledger: Ledger

    /// - Parameters:
    ///   - reads: Of the database, or its replica, at most ``maximumUnderWay`` at once.
    ///   - primary: Where the audit trail is written.
    init(_ reads: LongReads, primary: PostgresClient, ledger: Ledger) {
        database = reads.database
        self.primary = primary
        self.ledger = ledger
    }

    /// Finds out, while there is still time to answer so, whether the database is away.
    ///
    /// - Throws: `PostgresError`.
    func checkDatabase() async throws {
        _ = try await database.query("SELECT 1")
    }

    /// Writes to the audit trail that an export begins.
    ///
    /// - Throws: `PostgresError`.
    func audit(
        _ selection: Selection, as format: ExportFormat, organization: UUID, by user: UUID
    ) async throws {
        let entry = try ledger.exported(ExportedReadings(selection, as: format), of: organization, by: user)
        _ = try await primary.query(entry, as: .organization(organization))
    }

    /// Hands what the format has of each reading to `take`, in pieces of whole rows, no faster than it takes them.
    ///
    /// - Throws: `PostgresError`, and what `take` throws; then not all was written, and the server has stopped.
    func write(
        _ selection: Selection, as format: ExportFormat, organization: UUID, to take: ([UInt8]) async throws -> Void
    ) async throws {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            try await transaction.batch([
                "SELECT set_config('statement_timeout', \(Self.patience), true)",
                // Rows come in the order of the indexes: parallel workers would mix them, and a sort gathers them first.
                "SET LOCAL max_parallel_workers_per_gather = 0", "SET LOCAL enable_sort = off",
            ])
            try await transaction.copyOut(Self.copy(selection, as: format, organization)) { rows in
                for try await piece in rows { try await take(piece) }
            }
        }
    }

    /// Series by series through `series_by_organization`, and of each the readings in the order of the primary key. The
    /// `OFFSET 0`s keep the planner from joining in another way.
    private static func copy(_ selection: Selection, as format: ExportFormat, _ organization: UUID) -> SQL {
        let (range, after) = (selection.range, selection.after)
        let seriesBehind: SQL =
            after.map { "AND (s.device_id, s.sensor_type) >= (\($0.device), \($0.sensorType))" } ?? ""
        let readingsBehind: SQL =
            after.map {
                """
                AND r.time > CASE WHEN (s.device_id, s.sensor_type) = (\($0.device), \($0.sensorType))
                    THEN \($0.time) ELSE '-infinity' END
                """
            } ?? ""
        return """
            COPY (
                SELECT \(format.columns)
                FROM (
                    SELECT s.*, \(format.label) AS label FROM readings.series AS s
                    WHERE \(selection.filter.conditions(organization)) \(seriesBehind)
                    ORDER BY s.device_id, s.sensor_type OFFSET 0
                ) AS s
                CROSS JOIN LATERAL (
                    SELECT r.value, r.text_value, r.attributes, \(ExportFormat.time) AS time,
                        (\(Quality.allCases.map(\.name)))[r.quality] AS quality
                    FROM readings.readings AS r
                    WHERE r.series_id = s.id AND r.time >= \(range.start) AND r.time < \(range.end) \(readingsBehind)
                    ORDER BY r.time OFFSET 0
                ) AS r
            ) TO STDOUT (\(format.options))
            """
    }
}
