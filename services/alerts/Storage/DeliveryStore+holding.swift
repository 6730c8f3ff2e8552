import FoundationEssentials
import Kernel
import Postgres

/// What of the queue is not sent now although it is due.
extension DeliveryStore {
    /// Those that may go out now, members' with the addresses that they have now. A member's that is not wanted, or not
    /// now, is skipped or held back.
    func admit(_ due: [DueNotification], _ transaction: Transaction) async throws -> [DueNotification] {
        let mailboxes = try await MailStore.mailboxes(of: Set(due.compactMap(\.member)), transaction)
        let now = Timestamp.now
        var admitted: [DueNotification] = []
        var changes: [SQL] = []
        for var notification in due {
            guard let member = notification.member, !notification.wasTaken else {
                admitted.append(notification)
                continue
            }
            switch mailboxes[member]?.decision(on: notification.severity, at: now) {
            case .send(let address):
                notification.recipient = address
                admitted.append(notification)
            case .skip(let reason): changes.append(Self.skip(notification, reason))
            case nil: changes.append(Self.skip(notification, "is no member of the organization any more"))
            case .hold(let end):
                changes.append(Self.hold(Self.message(of: notification), until: end, "the member's quiet hours"))
            }
        }
        if !changes.isEmpty { try await transaction.batch(changes) }
        return admitted
    }

    /// Those that the organizations may send in this hour; the others are held back until the next. What was sent before
    /// is not counted again.
    func ration(_ deliveries: [Delivery], _ transaction: Transaction) async throws -> [Delivery] {
        let now = Timestamp.now
        let letters = deliveries.filter { $0.isLetter && $0.lead.userID == nil && $0.lead.attempts == 0 }
        var held: Set<UUID> = []
        let organizations = Dictionary(grouping: letters, by: \.lead.organizationID)
        for (organization, letters) in organizations.sorted(by: { $0.key.text < $1.key.text }) {
            let addresses = letters.compactMap(\.lead.recipient)
            let foreign = try await mail.foreign(addresses, to: organization, transaction)
            let counted = letters.filter { $0.lead.recipient.map(foreign.contains) ?? false }
            let granted = try await mail.take(
                counted.count, .foreignLetters, of: organization, at: now, transaction)
            held.formUnion(counted.dropFirst(granted).map(\.lead.id))
        }
        guard !held.isEmpty else { return deliveries }
        let waiting = deliveries.filter { held.contains($0.lead.id) }.flatMap(\.notifications).map(\.id)
        try await transaction.query(
            Self.hold(
                "id = ANY(\(waiting))", until: MailAllowance.next(after: now),
                "the organization has sent its mail of this hour"))
        return deliveries.filter { !held.contains($0.lead.id) }
    }

    private static func skip(_ notification: DueNotification, _ reason: String) -> SQL {
        """
        UPDATE alerts.notifications SET status = 'skipped', last_error = \(reason)
        WHERE \(message(of: notification))
        """
    }

    /// What goes out behind another one's lead still does.
    private static func hold(_ notifications: SQL, until end: Timestamp, _ reason: String) -> SQL {
        """
        UPDATE alerts.notifications SET
            due_at = CASE WHEN due_at IS NOT NULL THEN \(end) END, held_until = \(end), last_error = \(reason)
        WHERE \(notifications)
        """
    }

    /// A notification with all that is to go with it.
    private static func message(of notification: DueNotification) -> SQL {
        "status = 'pending' AND (id = \(notification.id) OR delivery_id = \(notification.deliveryID))"
    }
}

extension DueNotification {
    fileprivate var member: MemberKey? {
        userID.map { MemberKey(organizationID: organizationID, userID: $0) }
    }
}
