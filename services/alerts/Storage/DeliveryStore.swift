import EventBus
import FoundationEssentials
import Kernel
import Postgres

/// The queue of what is to be sent: written with the alert, delivered by whichever instance claims it.
struct DeliveryStore: Sendable {
    /// How long a claimed message is left to its claimant; longer than an attempt can take.
    static let claimDuration = Duration.seconds(120)

    let database: PostgresClient
    let outbox: Outbox
    let mail: MailStore

    /// Takes up to `limit` messages that are due. Should this instance die, they come due again, each with the same
    /// notifications under the same id.
    func claim(limit: Int) async throws -> [Delivery] {
        try await database.withRepeatableTransaction(as: .platform) { transaction in
            let leads = try await transaction.query(
                """
                \(Self.select) WHERE status = 'pending' AND due_at <= now()
                ORDER BY due_at LIMIT \(limit) FOR UPDATE OF notifications SKIP LOCKED
                """
            ).map(DueNotification.init(row:))
            guard !leads.isEmpty else { return [] }
            let deliveries = try await repeated(leads, transaction) + combined(leads, transaction)
            let claimed = try await ration(Array(deliveries.prefix(limit)), transaction)
            try await transaction.query(Self.bind(claimed))
            return claimed
        }
    }

    /// Messages that an attempt was made at before, which may have been taken.
    private func repeated(_ leads: [DueNotification], _ transaction: Transaction) async throws -> [Delivery] {
        var bound = leads.filter { $0.deliveryID != nil }
        guard !bound.isEmpty else { return [] }
        let followers = Dictionary(
            grouping: try await transaction.query(
                """
                \(Self.select) WHERE status = 'pending' AND due_at IS NULL
                    AND delivery_id = ANY(\(bound.map(\.deliveryID)))
                ORDER BY notifications.id
                """
            ).map(DueNotification.init(row:)), by: \.deliveryID)
        // The lead stands for all, in what its recipient wants as well.
        for index in bound.indices {
            let severities = followers[bound[index].deliveryID, default: []].compactMap(\.severity)
            bound[index].severity = (severities + [bound[index].severity].compactMap(\.self)).max()
        }
        return try await admit(bound, transaction).map { lead in
            Delivery(
                id: lead.deliveryID ?? lead.id, lead: lead, followers: followers[lead.deliveryID, default: []])
        }
    }

    /// New messages: each of `leads` with what is due beside it for the same recipient of the same channel.
    private func combined(_ leads: [DueNotification], _ transaction: Transaction) async throws -> [Delivery] {
        let recipients = Array(Set(leads.filter { $0.deliveryID == nil }.map(DeliveryRecipient.init)))
        guard !recipients.isEmpty else { return [] }
        let results = try await transaction.batch(
            recipients.flatMap { [Self.due($0.condition), Self.pace($0.condition)] })
        var deliveries: [Delivery] = []
        for index in recipients.indices {
            let due = try results[2 * index].map(DueNotification.init(row:))
            if let last = try results[2 * index + 1].first?.decode(Timestamp.self) {
                // All of them, or they would stand before what others wait for until it is over.
                try await transaction.query(
                    """
                    UPDATE alerts.notifications SET due_at = \(last.adding(Delivery.floodWindow))
                    WHERE id IN (
                        SELECT id FROM alerts.notifications
                        WHERE \(recipients[index].condition) AND status = 'pending' AND delivery_id IS NULL
                            AND due_at <= now()
                        FOR UPDATE SKIP LOCKED)
                    """)
            } else {
                deliveries += Delivery.combining(try await admit(due, transaction))
            }
        }
        return deliveries
    }

    /// What is due for a recipient and free to be combined.
    private static func due(_ recipient: SQL) -> SQL {
        """
        \(select) WHERE \(recipient) AND status = 'pending' AND delivery_id IS NULL AND due_at <= now()
        ORDER BY due_at, notifications.id LIMIT \(Delivery.mostTogether) FOR UPDATE OF notifications SKIP LOCKED
        """
    }

    /// When the first of the newest messages was sent that together are a flood; no row where there is none.
    private static func pace(_ recipient: SQL) -> SQL {
        """
        SELECT max(sent_at) FROM alerts.notifications
        WHERE \(recipient) AND status = 'sent'
            AND sent_at > now() - make_interval(secs => \(Double(Delivery.floodWindow.components.seconds)))
        GROUP BY delivery_id ORDER BY 1 DESC OFFSET \(Delivery.mostSingles - 1) LIMIT 1
        """
    }

    /// Counts an attempt and notes what goes out as one, before it does.
    private static func bind(_ deliveries: [Delivery]) -> SQL {
        let bound = deliveries.flatMap { delivery in
            delivery.notifications.map { (notification: $0, delivery: delivery.id, leads: $0.id == delivery.lead.id) }
        }
        return """
            UPDATE alerts.notifications SET
                attempts = attempts + 1, delivery_id = bound.delivery_id, recipient = bound.recipient,
                due_at = CASE WHEN bound.leads
                    THEN now() + make_interval(secs => \(Double(claimDuration.components.seconds))) END
            FROM unnest(
                \(bound.map(\.notification.id)), \(bound.map(\.delivery)), \(bound.map(\.leads)),
                \(bound.map(\.notification.recipient))) AS bound (id, delivery_id, leads, recipient)
            WHERE notifications.id = bound.id
            """
    }

    private static let select: SQL = """
        SELECT notifications.id, notifications.organization_id, alert_id, channel_id, recipient, body, attempts,
            coalesce(held_until, notifications.created_at), delivery_id, user_id, body #>> '{data,severity}',
            held_until IS NOT NULL, \(DueChannel.columns)
        FROM alerts.notifications LEFT JOIN alerts.channels ON channels.id = notifications.channel_id
        """

    // MARK: How it went

    /// Notes an attempt and what becomes of the message. Who comes after its claim has ended, when another one has
    /// concluded the message or tries it again, changes nothing more but the log.
    func settle(_ delivery: Delivery, _ attempt: DeliveryAttempt, as settlement: DeliverySettlement) async throws {
        try await database.withRepeatableTransaction(as: .platform) { transaction in
            try await transaction.query(Self.log(attempt, of: delivery))
            let settled = try await transaction.query(Self.update(delivery, settlement))
            guard let outcome = settlement.event else { return }
            let ids: Set<UUID> = Set(try settled.map { try $0.decode(UUID.self) })
            let events = try delivery.notifications.filter { ids.contains($0.id) }.map { try Self.event(outcome, $0) }
            guard !events.isEmpty else { return }
            try await transaction.batch(events.map(outbox.append))
        }
    }

    private static func log(_ attempt: DeliveryAttempt, of delivery: Delivery) -> SQL {
        """
        INSERT INTO alerts.delivery_attempts (
            organization_id, notification_id, number, at, duration_ms, outcome, response_status, detail)
        SELECT organization_id, id, made.number, \(attempt.at), \(attempt.milliseconds), \(attempt.outcome.rawValue),
            \(attempt.responseStatus), \(attempt.detail)
        FROM \(made(delivery)) JOIN alerts.notifications USING (id)
        ON CONFLICT (organization_id, notification_id, number) DO NOTHING
        """
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
        return "unnest(\(notifications.map(\.id)), \(notifications.map { $0.attempts + 1 })) AS made (id, number)"
    }

    private static func event(_ outcome: String, _ notification: DueNotification) throws -> Event {
        try Event(
            source: .alerts, type: "notification.\(outcome)", subject: notification.id.text,
            subjectVersion: notification.attempts + 1, organizationID: notification.organizationID,
            data: NotificationEventData(notification))
    }
}

extension DueNotification {
    fileprivate init(row: Row) throws {
        var (channel, channelError) = (DueChannel?.none, (any Error)?.none)
        do {
            channel = try DueChannel(row: row, at: 12)
        } catch {
            channelError = error
        }
        self.init(
            id: try row.decode(at: 0), organizationID: try row.decode(at: 1), alertID: try row.decode(at: 2),
            channelID: try row.decode(at: 3), recipient: try row.decode(at: 4), userID: try row.decode(at: 9),
            severity: try row.decode(String?.self, at: 10).flatMap(Severity.init),
            body: try row.decode(JSONB.self, at: 5).bytes, attempts: try row.decode(at: 6),
            createdAt: try row.decode(at: 7), wasHeld: try row.decode(at: 11), deliveryID: try row.decode(at: 8),
            channel: channel, channelError: channelError)
    }
}
