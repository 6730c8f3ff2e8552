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

    /// Takes up to `limit` messages that are due, each organization and channel its share. Should this instance die, they
    /// come due again, each with the same notifications under the same id.
    ///
    /// - Parameter shares: Of what this instance has under way.
    func claim(limit: Int, beside shares: DeliveryShares) async throws -> [Delivery] {
        try await database.withRepeatableTransaction(as: .platform) { transaction in
            let leads = try await transaction.query(Self.leads(limit, beside: shares)).map(DueNotification.init(row:))
            guard !leads.isEmpty else { return [] }
            let deliveries = Dictionary(
                grouping: try await repeated(leads, transaction) + combined(leads, transaction), by: \.lead.channelID)
            var turns: [UUID] = []
            for lead in leads where !turns.contains(lead.channelID) { turns.append(lead.channelID) }
            let chosen = shares.choose(from: turns.flatMap { deliveries[$0] ?? [] }, free: limit)
            let claimed = try await ration(chosen, transaction)
            try await transaction.query(Self.bind(claimed))
            return claimed
        }
    }

    /// How many notifications are looked at of each organization, those first that wait longest. They are of all the
    /// channels whose turn it may be, unless few channels crowd out the others.
    private static let window = 32

    /// What is due first in each of `limit` channels: those first whose organization would hold the fewest slots with them,
    /// then who waits longest. Channels that ``DeliveryShares/choose(from:free:)`` can give no slot are left alone.
    ///
    /// An index is asked once for each organization that anything is pending for. Where so much is due in few channels that
    /// the oldest of it does not tell which others are due, the other one is asked for each channel of that organization.
    private static func leads(_ limit: Int, beside shares: DeliveryShares) -> SQL {
        let held = Array(shares.organizations)
        let most = DeliveryShares.mostOfOrganization(free: limit)
        return """
            WITH RECURSIVE organizations AS (
                (SELECT organization_id FROM alerts.notifications WHERE \(isInTurn) ORDER BY organization_id LIMIT 1)
                UNION ALL
                SELECT next.* FROM organizations CROSS JOIN LATERAL (
                    SELECT organization_id FROM alerts.notifications
                    WHERE organization_id > organizations.organization_id AND \(isInTurn)
                    ORDER BY organization_id LIMIT 1) AS next),
            waiting AS (
                SELECT organizations.organization_id, coalesce(held.count, 0) AS held
                FROM organizations LEFT JOIN unnest(\(held.map(\.key)), \(held.map(\.value)))
                    AS held (organization_id, count) USING (organization_id)
                WHERE coalesce(held.count, 0) < \(most)),
            oldest AS (
                SELECT organization_id, channel_id, min(due_at) AS due_at, count(*) AS seen
                FROM waiting CROSS JOIN LATERAL (
                    SELECT channel_id, due_at FROM alerts.notifications
                    WHERE organization_id = waiting.organization_id AND \(isInTurn) AND due_at <= now()
                    ORDER BY due_at LIMIT \(window)) AS due
                GROUP BY organization_id, channel_id),
            crowded AS (
                SELECT organization_id FROM waiting JOIN oldest USING (organization_id)
                GROUP BY organization_id, held
                HAVING sum(seen) = \(window) AND count(*) FILTER (WHERE \(hasRoom("oldest", shares))) < \(most) - held),
            heads AS (
                SELECT head.* FROM crowded CROSS JOIN LATERAL (
                    SELECT organization_id, channel_id, due_at FROM alerts.notifications
                    WHERE organization_id = crowded.organization_id AND \(isInTurn)
                    ORDER BY channel_id, due_at LIMIT 1) AS head
                UNION ALL
                SELECT next.* FROM heads CROSS JOIN LATERAL (
                    SELECT organization_id, channel_id, due_at FROM alerts.notifications
                    WHERE organization_id = heads.organization_id AND channel_id > heads.channel_id AND \(isInTurn)
                    ORDER BY channel_id, due_at LIMIT 1) AS next),
            due AS (
                SELECT organization_id, channel_id, due_at FROM oldest
                WHERE organization_id NOT IN (SELECT organization_id FROM crowded)
                UNION ALL
                SELECT organization_id, channel_id, due_at FROM heads WHERE due_at <= now()),
            turns AS (
                SELECT due.*, held + row_number() OVER (PARTITION BY organization_id ORDER BY due_at) AS turn
                FROM due JOIN waiting USING (organization_id) WHERE \(hasRoom("due", shares))),
            queues AS (
                SELECT * FROM turns WHERE turn <= \(most) ORDER BY turn, due_at LIMIT \(limit)),
            leads AS (
                SELECT first.id, turn FROM queues CROSS JOIN LATERAL (
                    SELECT id FROM alerts.notifications
                    WHERE organization_id = queues.organization_id AND channel_id = queues.channel_id
                        AND status = 'pending' AND due_at <= now()
                    ORDER BY due_at LIMIT \(DeliveryShares.mostOfChannel)) AS first)
            \(select) JOIN leads ON leads.id = notifications.id
            WHERE status = 'pending' AND due_at <= now()
            ORDER BY turn, due_at FOR UPDATE OF notifications SKIP LOCKED
            """
    }

    /// As the indexes have it by which turns are found.
    private static let isInTurn: SQL = "status = 'pending' AND due_at IS NOT NULL"

    /// Whether the channel of a row may be given a slot.
    private static func hasRoom(_ table: SQL, _ shares: DeliveryShares) -> SQL {
        """
        \(table).channel_id <> ALL(\(shares.fullChannels)) AND (\(shares.takesLetters) OR NOT EXISTS (
            SELECT FROM alerts.channels WHERE channels.id = \(table).channel_id AND type = 'email'))
        """
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

    /// Counts an attempt, where one is to be made, and notes what goes out as one, before it does.
    private static func bind(_ deliveries: [Delivery]) -> SQL {
        let bound = deliveries.flatMap { delivery in
            delivery.notifications.map { (notification: $0, delivery: delivery, leads: $0.id == delivery.lead.id) }
        }
        return """
            UPDATE alerts.notifications SET
                attempts = notifications.attempts + bound.attempts, delivery_id = bound.delivery_id,
                recipient = bound.recipient,
                due_at = CASE WHEN bound.leads
                    THEN now() + make_interval(secs => \(Double(claimDuration.components.seconds))) END
            FROM unnest(
                \(bound.map(\.notification.id)), \(bound.map(\.delivery.id)), \(bound.map(\.leads)),
                \(bound.map(\.notification.recipient)), \(bound.map(\.delivery.countedAttempts)))
                AS bound (id, delivery_id, leads, recipient, attempts)
            WHERE notifications.id = bound.id
            """
    }

    private static let select: SQL = """
        SELECT notifications.id, notifications.organization_id, alert_id, channel_id, recipient, body, attempts,
            coalesce(held_until, notifications.created_at), delivery_id, user_id, body #>> '{data,severity}',
            held_until IS NOT NULL, EXISTS (
                SELECT FROM alerts.delivery_attempts AS made
                WHERE made.organization_id = notifications.organization_id AND notification_id = notifications.id
                    AND outcome = 'sent'),
            \(DueChannel.columns)
        FROM alerts.notifications LEFT JOIN alerts.channels ON channels.id = notifications.channel_id
        """
}

extension DueNotification {
    fileprivate init(row: Row) throws {
        var (channel, channelError) = (DueChannel?.none, (any Error)?.none)
        do {
            channel = try DueChannel(row: row, at: 13)
        } catch {
            channelError = error
        }
        self.init(
            id: try row.decode(at: 0), organizationID: try row.decode(at: 1), alertID: try row.decode(at: 2),
            channelID: try row.decode(at: 3), recipient: try row.decode(at: 4), userID: try row.decode(at: 9),
            severity: try row.decode(String?.self, at: 10).flatMap(Severity.init),
            body: try row.decode(JSONB.self, at: 5).bytes, attempts: try row.decode(at: 6),
            createdAt: try row.decode(at: 7), wasHeld: try row.decode(at: 11), wasTaken: try row.decode(at: 12),
            deliveryID: try row.decode(at: 8), channel: channel, channelError: channelError)
    }
}
