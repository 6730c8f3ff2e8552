import FoundationEssentials
import Postgres

/// What became of telling one channel, or one recipient of it, of one step of an alert.
struct Notification: Sendable {
    enum Status: String, Sendable, Codable, CaseIterable {
        /// To be sent, or to be tried again.
        case pending
        case sent
        /// Given up.
        case dead
        /// Not sent, since the member whom it is for does not want it, or cannot get it.
        case skipped
    }

    let id: UUID
    let alertID: UUID
    let channelID: UUID
    let channelName: String
    /// Whom it is for where the channel is e-mail.
    let recipient: String?
    /// The member it is for.
    let userID: UUID?
    /// Such as `alert.triggered`.
    let eventType: String
    let status: Status
    let attempts: Int
    let lastError: String?
    /// When it is tried next, while it is pending; nil while it waits with others that it goes out with.
    let dueAt: Timestamp?
    /// Until when it was held back, by quiet hours or since too much was mailed; its 24 h of attempts begin then.
    let heldUntil: Timestamp?
    let sentAt: Timestamp?
    let createdAt: Timestamp
    /// What the message is known by to who gets it, once an attempt was made: the same for all that went out as one.
    let deliveryID: UUID?
    /// The notification that this one repeats at somebody's wish.
    let resendOf: UUID?
}

/// One attempt to deliver a notification.
struct DeliveryAttempt: Sendable, Hashable {
    /// Counted from 1.
    let number: Int
    let at: Timestamp
    let milliseconds: Int
    let outcome: DeliveryOutcome.Name
    /// The HTTP status, or the code of the mail server's reply (RFC 5321 §4.2); nil when nobody answered.
    let responseStatus: Int?
    /// What was answered, or why nothing was: at most ``maximumDetail`` characters.
    let detail: String

    static let maximumDetail = 500
}
