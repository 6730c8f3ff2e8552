import FoundationEssentials
import Kernel
import Postgres

/// A notification that this instance is to deliver now.
struct DueNotification: Sendable {
    let id: UUID
    let organizationID: UUID
    let alertID: UUID
    let channelID: UUID
    /// Whom it is for where the channel is e-mail.
    var recipient: String?
    /// The member it is for; nil for an address or a URL.
    var userID: UUID?
    /// Of the alert as it is told; nil where this version does not know it.
    var severity: Severity?
    /// What is told, as JSON: a ``WebhookBody``.
    let body: [UInt8]
    /// Those before this one.
    let attempts: Int
    /// When it was made, or until when it was held back.
    let createdAt: Timestamp
    /// Whether it was held back, by quiet hours or since too much was mailed.
    var wasHeld = false
    /// Whether the log says that it was taken; nobody has come to note more than that.
    var wasTaken = false
    /// What an attempt was made under before; nil when none was, or none that may have been taken.
    let deliveryID: UUID?
    /// Nil when the channel was deleted meanwhile, or cannot be read.
    let channel: DueChannel?
    /// Why this version cannot read the channel, which a newer one may have written; nil when it can.
    var channelError: (any Error)?
}

/// What a delivery needs of its channel.
struct DueChannel: Sendable {
    let kind: Channel.Kind
    let url: String?
    let sealedSecret: [UInt8]?
    let groupSeconds: Int
    let template: MessageTemplate?
    /// Whom it mails; nobody where it is no e-mail channel.
    var addresses: [String] = []
    var memberIDs: [UUID] = []

    /// Whether messages go to whom the notification was for still.
    func includes(_ notification: DueNotification) -> Bool {
        guard kind == .email else { return notification.recipient == nil }
        return Channel.Destination.email(addresses: addresses, memberIDs: memberIDs)
            .includes(notification.userID, at: notification.recipient)
    }
}

/// Notifications that go out as one message, settled together.
struct Delivery: Sendable {
    /// What who gets it tells a repetition by: the same at every attempt at the same message.
    let id: UUID
    /// The one that stands for all in the queue.
    let lead: DueNotification
    /// Those that go with it.
    let followers: [DueNotification]

    var notifications: [DueNotification] { [lead] + followers }
    /// This one included.
    var attempt: Int { lead.attempts + countedAttempts }
    /// None where nothing is sent, and it is only settled.
    var countedAttempts: Int { wasTaken ? 0 : 1 }
    /// That of the newest: nothing is given up earlier than if it were sent alone.
    var createdAt: Timestamp { notifications.map(\.createdAt).max() ?? lead.createdAt }
    var wasTaken: Bool { notifications.allSatisfy(\.wasTaken) }
    var isLetter: Bool { lead.channel?.kind == .email }
}

extension Delivery {
    /// So many notifications of one channel go out one by one when they are due together; more become one message.
    static let mostSingles = 5
    /// So many go in one message.
    static let mostTogether = 100
    /// Who has got ``mostSingles`` messages within so long gets the next one only then, with what has come until then.
    static let floodWindow = Duration.seconds(10)

    /// What becomes of notifications for one recipient of one channel that are due together and free to be combined.
    ///
    /// A channel that collects for a while sends what it has collected as one message, however little that is; likewise
    /// goes what was held back. What was taken before is settled for itself, and goes with nothing that is sent.
    static func combining(_ due: [DueNotification]) -> [Delivery] {
        // In the order in which they were made, at every attempt.
        let due = due.sorted { $0.id.uuidString < $1.id.uuidString }
        let (taken, new) = (due.filter(\.wasTaken), due.filter { !$0.wasTaken })
        let collects = (new.first?.channel?.groupSeconds ?? 0) > 0 || new.contains(where: \.wasHeld)
        guard let lead = new.first, new.count > (collects ? 1 : mostSingles) else {
            return due.map(Delivery.init(single:))
        }
        return taken.map(Delivery.init(single:))
            + [Delivery(id: .v7(), lead: lead, followers: Array(new.dropFirst()))]
    }

    private init(single notification: DueNotification) {
        self.init(id: notification.id, lead: notification, followers: [])
    }
}
