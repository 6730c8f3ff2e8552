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
    ]

    /// Deletes the oldest readings of a series, or the series itself once it has none.
    private static func deleteSeries(of organization: UUID, _ transaction: Transaction) async throws -> Int {
        let found = try await transaction.query(
            "SELECT id FROM readings.series WHERE organization_id = \(organization) ORDER BY id LIMIT 1")
        guard let series = try found.first?.decode(Int64.self) else { return 0 }
        let rows = SeriesRows(table: "readings.readings", series: series)
        guard let piece = try await rows.oldest(limit: OrganizationRemoval.batchSize, transaction) else {
            return try await transaction.query(
                "DELETE FROM readings.series WHERE organization_id = \(organization) AND id = \(series)"
            ).affectedRows
        }
        return try await rows.delete(piece, transaction)
    }
}
