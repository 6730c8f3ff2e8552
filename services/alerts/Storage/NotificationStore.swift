import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// Which notifications are asked for; empty lists ask for all.
struct NotificationFilter: Sendable {
    var statuses: [Notification.Status] = []
    var channelIDs: [UUID] = []
    var alertIDs: [UUID] = []

    fileprivate var condition: SQL {
        var condition: SQL = ""
        if !statuses.isEmpty { condition = condition + "AND status = ANY(\(statuses.map(\.rawValue)))" }
        if !channelIDs.isEmpty { condition = condition + " AND channel_id = ANY(\(channelIDs))" }
        if !alertIDs.isEmpty { condition = condition + " AND alert_id = ANY(\(alertIDs))" }
        return condition
    }
}

/// What is to be sent and what was, as people look at it; ``DeliveryStore`` is what sends it.
struct NotificationStore: Sendable {
    private static let columns: SQL = """
        notifications.id, alert_id, channel_id, channel_name, recipient, event_type, status, attempts, last_error,
        due_at, sent_at, notifications.created_at, delivery_id, resend_of, user_id, held_until
        """
    /// More attempts than there can be within a day.
    private static let mostAttempts = 200

    let database: PostgresClient

    /// A page of an organization's notifications, by id.
    func list(
        in organization: UUID, _ filter: NotificationFilter, _ page: PageRequest<UUID>
    ) async throws -> [Notification] {
        let rows = try await database.query(
            """
            SELECT \(Self.columns) FROM alerts.notifications
            WHERE organization_id = \(organization) \(filter.condition) \(page.keyset())
            """, as: .organization(organization))
        return try rows.map(Notification.init(row:))
    }

    /// A notification and the attempts to deliver it, oldest first.
    func find(
        _ id: UUID, in organization: UUID
    ) async throws -> (notification: Notification, attempts: [DeliveryAttempt])? {
        let results = try await database.batch(
            [
                """
                SELECT \(Self.columns) FROM alerts.notifications
                WHERE organization_id = \(organization) AND id = \(id)
                """,
                """
                SELECT number, at, duration_ms, outcome, response_status, detail FROM alerts.delivery_attempts
                WHERE organization_id = \(organization) AND notification_id = \(id)
                ORDER BY number LIMIT \(Self.mostAttempts)
                """,
            ], as: .organization(organization))
        guard let notification = try results.first?.first.map(Notification.init(row:)), let rows = results.last else {
            return nil
        }
        return (notification, try rows.map(DeliveryAttempt.init(row:)))
    }

    /// The notification, locked until the transaction ends.
    func lock(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws -> Notification? {
        let rows = try await transaction.query(
            """
            SELECT \(Self.columns) FROM alerts.notifications
            WHERE organization_id = \(organization) AND id = \(id) FOR UPDATE
            """)
        return try rows.first.map(Notification.init(row:))
    }

    /// Has a notification sent once more to its channel, as one of its own.
    func resend(_ notification: Notification, to channel: Channel, _ transaction: Transaction) async throws
        -> Notification
    {
        let rows = try await transaction.query(
            """
            INSERT INTO alerts.notifications (
                id, organization_id, alert_id, channel_id, channel_name, recipient, user_id, event_type, body,
                resend_of)
            SELECT \(UUID.v7()), organization_id, alert_id, channel_id, \(channel.name), recipient, user_id, event_type,
                body, id
            FROM alerts.notifications
            WHERE organization_id = \(channel.organizationID) AND id = \(notification.id)
            RETURNING \(Self.columns)
            """)
        return try rows.only(Notification.init(row:))
    }

    // MARK: Making them

    /// Inserts what tells the channels, those that are still there, of a step of an alert; an e-mail channel's
    /// recipients each get their own. A member who is named gets what is wanted (``MailPreferences``), also where the
    /// address stands beside.
    ///
    /// A channel that collects for a while has it due at the end of the stretch of that length that now is in: stretches
    /// are laid out from 1970 on, so that whatever falls into one comes due together.
    ///
    /// How many rows there will be is known to the database alone: their ids have the time of one that is made here, and
    /// random bits of their own where RFC 9562 §5.7 has them.
    static func insert(
        _ type: String, _ body: JSONB, alert: UUID, of organization: UUID, to channelIDs: [UUID]
    ) -> SQL {
        """
        INSERT INTO alerts.notifications (
            id, organization_id, alert_id, channel_id, channel_name, recipient, user_id, event_type, body, due_at)
        SELECT encode(overlay(uuid_send(\(UUID.v7())) PLACING
                substring(uuid_send(gen_random_uuid()) FROM 9) FROM 9 FOR 8), 'hex')::uuid,
            channels.organization_id, \(alert), channels.id, channels.name, recipients.address,
            recipients.user_id, \(type), \(body),
            CASE group_s WHEN 0 THEN now()
                ELSE to_timestamp((ceil(extract(epoch FROM now()) / group_s) * group_s)::float8) END
        FROM alerts.channels CROSS JOIN LATERAL (
            SELECT address, NULL::uuid AS user_id FROM unnest(channels.addresses) AS address
            WHERE channels.type = 'email' AND NOT EXISTS (
                SELECT FROM alerts.members m WHERE \(isNamed) AND m.is_email_verified AND lower(m.email) = lower(address))
            UNION ALL SELECT m.email, m.user_id FROM alerts.members m WHERE channels.type = 'email' AND \(isNamed)
            UNION ALL SELECT NULL, NULL WHERE channels.type <> 'email') AS recipients
        WHERE channels.organization_id = \(organization) AND channels.id = ANY(\(channelIDs))
        """
    }

    /// Whether a member `m` is one whom the channel names.
    private static let isNamed: SQL = """
        m.organization_id = channels.organization_id AND m.user_id = ANY(channels.member_ids) AND m.removed_at IS NULL
        """
}

extension Notification {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.decode(at: 0), alertID: try row.decode(at: 1), channelID: try row.decode(at: 2),
            channelName: try row.decode(at: 3), recipient: try row.decode(at: 4), userID: try row.decode(at: 14),
            eventType: try row.decode(at: 5),
            status: try row.decodeCase(at: 6), attempts: try row.decode(at: 7), lastError: try row.decode(at: 8),
            dueAt: try row.decode(at: 9), heldUntil: try row.decode(at: 15), sentAt: try row.decode(at: 10),
            createdAt: try row.decode(at: 11), deliveryID: try row.decode(at: 12), resendOf: try row.decode(at: 13))
    }
}

extension DeliveryAttempt {
    fileprivate init(row: Row) throws {
        self.init(
            number: try row.decode(at: 0), at: try row.decode(at: 1), milliseconds: try row.decode(at: 2),
            outcome: try row.decodeCase(at: 3), responseStatus: try row.decode(at: 4), detail: try row.decode(at: 5))
    }
}
