import EventBus
import FoundationEssentials
import Postgres

/// What this service holds of an organization, and how it is deleted.
enum ReadingRemoval {
    static let parts: [OrganizationRemoval.Step] = [
        OrganizationRemoval.Step(deleteSeries),
        .rows(of: "readings.keys"),
        .rows(of: "readings.retentions"),
        .rows(of: "readings.devices"),
        .rows(of: "readings.limits"),
        .rows(of: "readings.monthly_usage"),
    ]

    /// Deletes the oldest readings of a series; once it has none, what was kept of them, and then the series itself.
    private static func deleteSeries(of organization: UUID, _ transaction: Transaction) async throws -> Int {
        let found = try await transaction.query(
            "SELECT id FROM readings.series WHERE organization_id = \(organization) ORDER BY id LIMIT 1")
        guard let series = try found.first?.decode(Int64.self) else { return 0 }
        let rows = SeriesRows(table: "readings.readings", series: series)
        guard let piece = try await rows.oldest(limit: OrganizationRemoval.batchSize, transaction) else {
            let deleted = try await deleteRollups(of: series, transaction)
            guard deleted == 0 else { return deleted }
            return try await transaction.query(
                "DELETE FROM readings.series WHERE organization_id = \(organization) AND id = \(series)"
            ).affectedRows
        }
        return try await rows.delete(piece, transaction)
    }

    /// Deletes some of what was kept of a series that has no readings.
    private static func deleteRollups(of series: Int64, _ transaction: Transaction) async throws -> Int {
        // Else hours could be kept after this that were computed before the last readings went.
        try await RollupStore.pause(transaction)
        let tables: [SQL] = [
            "readings.stale_hours", "readings.rollup_1m", "readings.rollup_1h", "readings.rollup_1d",
        ]
        for table in tables {
            let deleted = try await transaction.query(
                """
                DELETE FROM \(table) WHERE ctid = ANY(ARRAY(
                    SELECT ctid FROM \(table) WHERE series_id = \(series) LIMIT \(OrganizationRemoval.batchSize)))
                """
            ).affectedRows
            guard deleted == 0 else { return deleted }
        }
        return 0
    }
}
