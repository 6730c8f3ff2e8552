import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// One row of an alert's history.
struct AlertHistoryEntry: Sendable {
    let event: AlertEvent
    /// Nil for what happened by itself.
    let userID: UUID?
    let notes: String?
    /// To whom it was given; nil for nobody.
    let assignedTo: UUID?
    /// To what the severity rose.
    let severity: Severity?
    let time: Timestamp
}

/// An alert and what happened to it.
struct AlertDetail: Sendable {
    let alert: Alert
    /// Oldest first; the newest ``mostEntries`` of them.
    let history: [AlertHistoryEntry]
    /// Of the members, present and former ones, that the history and the alert name.
    let names: [UUID: String]

    static let mostEntries = 200
}

/// The alerts of organizations and their history.
struct AlertStore: Sendable {
    let database: PostgresClient

    /// A page of alerts, by id and so by the time at which they began.
    func list(in organization: UUID, _ filter: AlertFilter, _ page: PageRequest<UUID>) async throws -> [Alert] {
        let rows = try await database.query(
            """
            SELECT \(Alert.columns) FROM alerts.alerts WHERE organization_id = \(organization) \(filter.condition)
            \(page.keyset())
            """, as: .organization(organization))
        return try rows.map(Alert.init(row:))
    }

    /// An alert of a device that who asks may see, and its history.
    func find(
        _ id: UUID, in organization: UUID, visibleBy visibility: DeviceVisibility
    ) async throws -> AlertDetail? {
        let isOfAlert: SQL = "organization_id = \(organization) AND alert_id = \(id)"
        let results = try await database.batch(
            [
                """
                SELECT \(Alert.columns) FROM alerts.alerts
                WHERE organization_id = \(organization) AND id = \(id) \(visibility.condition)
                """,
                """
                SELECT event_type, user_id, notes, assigned_to, severity, at FROM alerts.alert_events
                WHERE \(isOfAlert) ORDER BY version DESC LIMIT \(AlertDetail.mostEntries)
                """,
                """
                SELECT user_id, name FROM alerts.members
                WHERE organization_id = \(organization) AND name <> '' AND user_id IN (
                    SELECT user_id FROM alerts.alert_events WHERE \(isOfAlert)
                    UNION SELECT assigned_to FROM alerts.alert_events WHERE \(isOfAlert))
                """,
            ], as: .organization(organization))
        guard results.count == 3, let alert = try results[0].first.map(Alert.init(row:)) else { return nil }
        return AlertDetail(
            alert: alert, history: try results[1].map(AlertHistoryEntry.init(row:)).reversed(),
            names: Dictionary(uniqueKeysWithValues: try results[2].map { try $0.decode(UUID.self, String.self) }))
    }

    /// How many alerts there are of each severity and status, of the devices that who asks may see.
    func counts(
        in organization: UUID, visibleBy visibility: DeviceVisibility
    ) async throws -> [(severity: Severity, status: AlertStatus, count: Int)] {
        let rows = try await database.query(
            """
            SELECT severity, status, count(*) FROM alerts.alerts
            WHERE organization_id = \(organization) \(visibility.condition)
            GROUP BY severity, status
            """, as: .organization(organization))
        return try rows.map { (try $0.decodeCase(at: 0), try $0.decodeCase(at: 1), try $0.decode(at: 2)) }
    }

    /// The alert, locked until the transaction ends.
    func lock(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws -> Alert? {
        let rows = try await transaction.query(
            """
            SELECT \(Alert.columns) FROM alerts.alerts
            WHERE organization_id = \(organization) AND id = \(id) FOR UPDATE
            """)
        return try rows.first.map(Alert.init(row:))
    }

    /// The project of an alert's device; nil where it has none.
    func project(of alert: Alert, _ transaction: Transaction) async throws -> UUID? {
        let rows = try await transaction.query(
            """
            SELECT project_id FROM alerts.devices
            WHERE organization_id = \(alert.organizationID) AND id = \(alert.deviceID)
            """)
        return try rows.first?.decode(UUID?.self, at: 0)
    }
}

extension AlertHistoryEntry {
    fileprivate init(row: Row) throws {
        self.init(
            event: try row.decodeCase(at: 0), userID: try row.decode(at: 1), notes: try row.decode(at: 2),
            assignedTo: try row.decode(at: 3),
            severity: try row.decode(String?.self, at: 4) == nil ? nil : try row.decodeCase(at: 4),
            time: try row.decode(at: 5))
    }
}
