import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// Which alerts a list is of; an empty filter takes all.
struct AlertFilter: Sendable {
    var severities: [Severity] = []
    var statuses: [AlertStatus] = []
    var deviceIDs: [UUID] = []
    var ruleIDs: [UUID] = []
    /// The devices that who asks may see.
    var visibility = DeviceVisibility.all

    fileprivate var condition: SQL {
        var conditions: [SQL] = []
        if !severities.isEmpty { conditions.append("AND severity = ANY(\(severities.map(\.rawValue)))") }
        if !statuses.isEmpty { conditions.append("AND status = ANY(\(statuses.map(\.rawValue)))") }
        if !deviceIDs.isEmpty { conditions.append("AND device_id = ANY(\(deviceIDs))") }
        if !ruleIDs.isEmpty { conditions.append("AND rule_id = ANY(\(ruleIDs))") }
        conditions.append(visibility.condition)
        return conditions.joined(separator: " ")
    }
}

extension DeviceVisibility {
    /// `AND …` for the alerts of the devices that somebody may see; row security keeps the projection to the organization.
    fileprivate var condition: SQL {
        switch self {
        case .all: ""
        case .only(let devices, let projects):
            """
            AND (device_id = ANY(\(devices))
                OR device_id IN (SELECT id FROM alerts.devices WHERE project_id = ANY(\(projects))))
            """
        }
    }
}

/// One row of an alert's history.
struct AlertHistoryEntry: Sendable {
    let event: AlertEvent
    /// Nil for what happened by itself.
    let userID: UUID?
    let notes: String?
    let at: Timestamp
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

    /// An alert of a device that who asks may see, and its history, oldest first.
    func find(
        _ id: UUID, in organization: UUID, visibleBy visibility: DeviceVisibility
    ) async throws -> (alert: Alert, history: [AlertHistoryEntry])? {
        let results = try await database.batch(
            [
                """
                SELECT \(Alert.columns) FROM alerts.alerts
                WHERE organization_id = \(organization) AND id = \(id) \(visibility.condition)
                """,
                """
                SELECT event_type, user_id, notes, at FROM alerts.alert_events
                WHERE organization_id = \(organization) AND alert_id = \(id) ORDER BY version
                """,
            ], as: .organization(organization))
        guard let alert = try results.first?.first.map(Alert.init(row:)), let rows = results.last else { return nil }
        let history = try rows.map { row in
            AlertHistoryEntry(
                event: try row.decodeCase(at: 0), userID: try row.decode(at: 1), notes: try row.decode(at: 2),
                at: try row.decode(at: 3))
        }
        return (alert, history)
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

    /// The open alerts of a rule, locked until the transaction ends.
    func lockOpen(ofRule rule: UUID, in organization: UUID, _ transaction: Transaction) async throws -> [Alert] {
        try await lockOpen("rule_id = \(rule)", in: organization, transaction)
    }

    /// The open alerts of a device, locked until the transaction ends.
    func lockOpen(ofDevice device: UUID, in organization: UUID, _ transaction: Transaction) async throws -> [Alert] {
        try await lockOpen("device_id = \(device)", in: organization, transaction)
    }

    private func lockOpen(
        _ condition: SQL, in organization: UUID, _ transaction: Transaction
    ) async throws -> [Alert] {
        let rows = try await transaction.query(
            """
            SELECT \(Alert.columns) FROM alerts.alerts
            WHERE organization_id = \(organization) AND \(condition) AND status <> 'resolved' ORDER BY id FOR UPDATE
            """)
        return try rows.map(Alert.init(row:))
    }
}
