import EventBus
import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// A notification that this instance is to deliver now.
struct DueNotification: Sendable {
    let id: UUID
    let organizationID: UUID
    let alertID: UUID
    let channelID: UUID
    let body: [UInt8]
    /// This one included.
    let attempts: Int
    let createdAt: Timestamp
    /// Where to; nil when the channel was deleted meanwhile.
    let url: String?
    let sealedSecret: [UInt8]?
}

/// What is to be sent and what was: written with the alert, delivered by whichever instance claims it.
struct NotificationStore: Sendable {
    /// How long a claimed notification is left to its claimant; longer than an attempt can take.
    static let claimDuration = Duration.seconds(60)

    let database: PostgresClient
    let outbox: Outbox

    /// A page of an organization's notifications, by id.
    func list(in organization: UUID, statuses: [Notification.Status], _ page: PageRequest<UUID>) async throws
        -> [Notification]
    {
        let filter: SQL = statuses.isEmpty ? "" : "AND status = ANY(\(statuses.map(\.rawValue)))"
        let rows = try await database.query(
            """
            SELECT id, alert_id, channel_id, channel_name, event_type, status, attempts, last_error, due_at, sent_at,
                created_at
            FROM alerts.notifications WHERE organization_id = \(organization) \(filter) \(page.keyset())
            """, as: .organization(organization))
        return try rows.map(Notification.init(row:))
    }

    /// Takes up to `limit` notifications that are due. Should this instance die, they come due again.
    func claim(limit: Int) async throws -> [DueNotification] {
        let rows = try await database.query(
            """
            WITH due AS (
                SELECT notifications.id, channels.url, channels.sealed_secret
                FROM alerts.notifications LEFT JOIN alerts.channels ON channels.id = notifications.channel_id
                WHERE status = 'pending' AND due_at <= now()
                ORDER BY due_at LIMIT \(limit) FOR UPDATE OF notifications SKIP LOCKED)
            UPDATE alerts.notifications SET
                attempts = attempts + 1,
                due_at = now() + make_interval(secs => \(Double(Self.claimDuration.components.seconds)))
            FROM due WHERE notifications.id = due.id
            RETURNING notifications.id, organization_id, alert_id, channel_id, body, attempts, created_at, due.url,
                due.sealed_secret
            """, as: .platform)
        return try rows.map(DueNotification.init(row:))
    }

    /// Notes that the notification was delivered.
    func sent(_ notification: DueNotification) async throws {
        let update: SQL = """
            UPDATE alerts.notifications SET status = 'sent', sent_at = now(), last_error = NULL
            WHERE id = \(notification.id) AND status = 'pending'
            """
        try await conclude(notification, "sent", update)
    }

    /// Notes that an attempt failed and when the next is due.
    func failed(_ notification: DueNotification, _ error: String, nextAttempt: Timestamp) async throws {
        _ = try await database.query(
            """
            UPDATE alerts.notifications SET last_error = \(error), due_at = \(nextAttempt)
            WHERE id = \(notification.id) AND status = 'pending'
            """, as: .platform)
    }

    /// Notes that the notification is given up.
    func died(_ notification: DueNotification, _ error: String) async throws {
        let update: SQL = """
            UPDATE alerts.notifications SET status = 'dead', last_error = \(error)
            WHERE id = \(notification.id) AND status = 'pending'
            """
        try await conclude(notification, "failed", update)
    }

    /// Tells of the outcome if it is the first: who delivers after its claim has ended finds that another one has
    /// concluded the notification, and it must not be counted twice.
    private func conclude(_ notification: DueNotification, _ outcome: String, _ update: SQL) async throws {
        let event = try event(outcome, notification)
        try await database.withTransaction(as: .platform) { transaction in
            guard try await transaction.query(update).affectedRows == 1 else { return }
            try await transaction.query(outbox.append(event))
        }
    }

    private func event(_ outcome: String, _ notification: DueNotification) throws -> Event {
        try Event(
            source: .alerts, type: "notification.\(outcome)", subject: notification.id.text,
            subjectVersion: notification.attempts, organizationID: notification.organizationID,
            data: NotificationEventData(notification))
    }
}

/// The data of `notification.sent` and `notification.failed`.
private struct NotificationEventData: Encodable {
    let notificationID: String
    let alertID: String
    let channelID: String
    let organizationID: String
    let attempts: Int

    enum CodingKeys: String, CodingKey {
        case attempts
        case notificationID = "notification_id"
        case alertID = "alert_id"
        case channelID = "channel_id"
        case organizationID = "organization_id"
    }

    init(_ notification: DueNotification) {
        notificationID = notification.id.text
        alertID = notification.alertID.text
        channelID = notification.channelID.text
        organizationID = notification.organizationID.text
        attempts = notification.attempts
    }
}

extension Notification {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.decode(at: 0), alertID: try row.decode(at: 1), channelID: try row.decode(at: 2),
            channelName: try row.decode(at: 3), eventType: try row.decode(at: 4), status: try row.decodeCase(at: 5),
            attempts: try row.decode(at: 6), lastError: try row.decode(at: 7), dueAt: try row.decode(at: 8),
            sentAt: try row.decode(at: 9), createdAt: try row.decode(at: 10))
    }
}

extension DueNotification {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.decode(at: 0), organizationID: try row.decode(at: 1), alertID: try row.decode(at: 2),
            channelID: try row.decode(at: 3), body: try row.decode(JSONB.self, at: 4).bytes,
            attempts: try row.decode(at: 5), createdAt: try row.decode(at: 6), url: try row.decode(at: 7),
            sealedSecret: try row.decode(at: 8))
    }
}
