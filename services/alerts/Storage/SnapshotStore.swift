import EventBus
import FoundationEssentials
import Kernel
import Logging
import Postgres

/// The alerts that are open, as the events that tell of them: for services that may have missed some.
struct SnapshotStore: Sendable {
    let database: PostgresClient
    let logger: Logger

    /// Those of all organizations, by id, as far as they can be read.
    ///
    /// - Throws: `PostgresError`, `DecodingFailure`.
    func openAlerts(after id: UUID?) async throws -> SnapshotPage {
        let isFurther: SQL = id.map { "id > \($0)" } ?? "true"
        let rows = try await database.query(
            """
            SELECT \(Alert.columns) FROM alerts.alerts WHERE \(Alert.isOpen) AND \(isFurther)
            ORDER BY id LIMIT \(SnapshotPage.size)
            """, as: .platform)
        let alerts = rows.readable("alert", logger, Alert.init(row:))
        // The next page begins behind what was found, be it readable or not.
        let last = rows.count < SnapshotPage.size ? nil : try rows.last?.decode(UUID.self, at: 0)
        return SnapshotPage(
            items: try alerts.map { alert in
                let step = AlertStep(
                    event: alert.status == .active ? .triggered : .acknowledged, alert: alert, channelIDs: [])
                return try step.event(AlertDocument(alert))
            }, next: last?.text)
    }
}
