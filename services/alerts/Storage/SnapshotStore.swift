import EventBus
import FoundationEssentials
import Kernel
import Postgres

/// The alerts that are open, as the events that tell of them: for services that may have missed some.
struct SnapshotStore: Sendable {
    let database: PostgresClient

    /// Those of all organizations, by id.
    ///
    /// - Throws: `PostgresError`, `DecodingFailure`, ``StoredValueError``.
    func openAlerts(after id: UUID?) async throws -> SnapshotPage {
        let isFurther: SQL = id.map { "id > \($0)" } ?? "true"
        let rows = try await database.query(
            """
            SELECT \(Alert.columns) FROM alerts.alerts WHERE \(Alert.isOpen) AND \(isFurther)
            ORDER BY id LIMIT \(SnapshotPage.size)
            """, as: .platform)
        return SnapshotPage(
            try rows.map(Alert.init(row:)).map { alert in
                let step = AlertStep(
                    event: alert.status == .active ? .triggered : .acknowledged, alert: alert, channelIDs: [])
                return (alert.id.text, try step.event(AlertDocument(alert)))
            })
    }
}
