import EventBus
import FoundationEssentials
import Kernel
import Postgres

/// How it went.
extension DeliveryStore {
    /// Notes what becomes of a message. Who comes after its claim has ended, when another one has concluded the message or
    /// tries it again, changes nothing more.
    func settle(_ delivery: Delivery, as settlement: DeliverySettlement) async throws {
        try await database.withTransaction(as: .platform) { transaction in
            let settled = try await transaction.query(Self.update(delivery, settlement))
            guard let outcome = settlement.event else { return }
            let ids: Set<UUID> = Set(try settled.map { try $0.decode(UUID.self) })
            let events = try delivery.notifications.filter { ids.contains($0.id) }.map {
                try Self.event(outcome, $0, attempts: $0.attempts + delivery.countedAttempts)
            }
            guard !events.isEmpty else { return }
            try await transaction.batch(events.map(outbox.append))
        }
    }

    /// Notes an attempt, whatever becomes of the message: one whose being taken is in the log is never sent again.
    func log(_ attempt: DeliveryAttempt, of delivery: Delivery) async throws {
        _ = try await database.query(
            """
            INSERT INTO alerts.delivery_attempts (
                organization_id, notification_id, number, at, duration_ms, outcome, response_status, detail)
            SELECT organization_id, id, made.number, \(attempt.at), \(attempt.milliseconds),
                \(attempt.outcome.rawValue), \(attempt.responseStatus), \(attempt.detail)
            FROM \(Self.made(delivery)) JOIN alerts.notifications USING (id)
            ON CONFLICT (organization_id, notification_id, number) DO NOTHING
            """, as: .platform)
    }

    private static func update(_ delivery: Delivery, _ settlement: DeliverySettlement) -> SQL {
        let changes: SQL
        // Another attempt may be under way, and it alone says then that the message was not taken.
        var isNewest: SQL = "AND notifications.attempts = made.number"
        switch settlement {
        case .sent:
            changes = "status = 'sent', sent_at = now(), last_error = NULL"
            isNewest = ""
        case .dead(let reason):
            changes = "status = 'dead', last_error = \(reason)"
        case .retry(let reason, let time, let staysBound):
            changes = """
                last_error = \(reason), due_at = CASE WHEN notifications.id = \(delivery.lead.id) THEN \(time) END,
                delivery_id = CASE WHEN \(staysBound) THEN delivery_id END
                """
        }
        return """
            UPDATE alerts.notifications SET \(changes) FROM \(made(delivery))
            WHERE notifications.id = made.id AND status = 'pending' \(isNewest)
            RETURNING notifications.id
            """
    }

    /// The notifications with the numbers of their attempts.
    private static func made(_ delivery: Delivery) -> SQL {
        let notifications = delivery.notifications
        let numbers = notifications.map { $0.attempts + delivery.countedAttempts }
        return "unnest(\(notifications.map(\.id)), \(numbers)) AS made (id, number)"
    }

    private static func event(_ outcome: String, _ notification: DueNotification, attempts: Int) throws -> Event {
        try Event(
            source: .alerts, type: "notification.\(outcome)", subject: notification.id.text,
            subjectVersion: attempts, organizationID: notification.organizationID,
            data: NotificationEventData(notification))
    }
}
