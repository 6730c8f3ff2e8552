import FoundationEssentials
import Kernel
import Logging
import Postgres

/// What is kept of the plans of alerts that nobody has acknowledged yet.
struct EscalationStore: Sendable {
    static let batchSize = 100

    let database: PostgresClient
    let logger: Logger

    /// Keeps the plan of an alert that begins, or begins anew, in place of the one it may have had.
    static func replace(with plan: NotificationPlan, of alert: Alert, from time: Timestamp) -> [SQL] {
        let seconds = plan.repeatAfter.map { Int($0.components.seconds) }
        let entries: [SQL] = plan.entries(from: time).map { entry in
            """
            INSERT INTO alerts.escalations (organization_id, alert_id, step, channel_ids, due_at, repeat_after_s)
            VALUES (
                \(alert.organizationID), \(alert.id), \(entry.step), \(entry.channelIDs), \(entry.dueAt), \(seconds))
            """
        }
        return [forget(alert.id, of: alert.organizationID)] + entries
    }

    private static func forget(_ alert: UUID, of organization: UUID) -> SQL {
        "DELETE FROM alerts.escalations WHERE organization_id = \(organization) AND alert_id = \(alert)"
    }

    /// Has up to ``batchSize`` alerts told again whose time has come, and notes when next. Of one that is acknowledged or
    /// has ended the plan is forgotten.
    ///
    /// An alert that somebody is just changing is left for the next time, so that who acknowledges it in that moment is
    /// not told again. One that cannot be read is put off, so that it is not all that is looked at.
    ///
    /// - Returns: How many were looked at; there may be more when a batch was full.
    func tellDue() async throws -> Int {
        try await database.withTransaction(as: .platform) { transaction in
            let due = try await transaction.query(
                """
                SELECT escalations.organization_id, alert_id, step, channel_ids
                FROM alerts.escalations JOIN alerts.alerts
                    ON alerts.organization_id = escalations.organization_id AND alerts.id = alert_id
                WHERE due_at <= now() ORDER BY due_at LIMIT \(Self.batchSize) FOR UPDATE SKIP LOCKED
                """
            ).map { row in
                try Due(
                    organizationID: row.decode(at: 0), alertID: row.decode(at: 1), step: row.decode(at: 2),
                    channelIDs: row.decode(at: 3))
            }
            guard !due.isEmpty else { return 0 }
            let rows = try await transaction.query(
                "SELECT \(Alert.columns) FROM alerts.alerts WHERE id = ANY(\(Array(Set(due.map(\.alertID)))))")
            let alerts = rows.readable("alert", logger, Alert.init(row:))
            try await transaction.batch(
                try due.flatMap { due in
                    guard let alert = alerts.first(where: { $0.id == due.alertID }) else { return [due.putOff] }
                    guard alert.status == .active else {
                        return [Self.forget(due.alertID, of: due.organizationID)]
                    }
                    return try due.tell(alert)
                })
            return due.count
        }
    }

    private struct Due {
        let organizationID: UUID
        let alertID: UUID
        let step: Int
        let channelIDs: [UUID]

        /// The notifications, and when the next are due.
        func tell(_ alert: Alert) throws -> [SQL] {
            let body = try JSONB(WebhookBody(type: NotifiedStep.repeated, data: AlertDocument(alert)))
            return [
                NotificationStore.insert(
                    NotifiedStep.repeated, body, alert: alertID, of: organizationID, to: channelIDs),
                "DELETE FROM alerts.escalations WHERE \(isThis) AND repeat_after_s IS NULL",
                """
                UPDATE alerts.escalations SET due_at = now() + make_interval(secs => repeat_after_s::float8)
                WHERE \(isThis)
                """,
            ]
        }

        var putOff: SQL {
            "UPDATE alerts.escalations SET due_at = now() + interval '1 minute' WHERE \(isThis)"
        }

        private var isThis: SQL {
            "organization_id = \(organizationID) AND alert_id = \(alertID) AND step = \(step)"
        }
    }
}
