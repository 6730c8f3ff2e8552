import Kernel
import Postgres

/// A notification as it is answered.
struct NotificationDocument: Encodable {
    let id: String
    let alertID: String
    let channelID: String
    let channelName: String
    let recipient: String?
    let userID: String?
    let eventType: String
    let status: Notification.Status
    let attempts: Int
    let lastError: String?
    let nextAttemptAt: Timestamp?
    let heldUntil: Timestamp?
    let sentAt: Timestamp?
    let createdAt: Timestamp
    let deliveryID: String?
    let resendOf: String?

    enum CodingKeys: String, CodingKey {
        case id, recipient, status, attempts
        case alertID = "alert_id"
        case channelID = "channel_id"
        case channelName = "channel_name"
        case userID = "user_id"
        case eventType = "event_type"
        case lastError = "last_error"
        case nextAttemptAt = "next_attempt_at"
        case heldUntil = "held_until"
        case sentAt = "sent_at"
        case createdAt = "created_at"
        case deliveryID = "delivery_id"
        case resendOf = "resend_of"
    }

    init(_ notification: Notification) {
        id = notification.id.text
        alertID = notification.alertID.text
        channelID = notification.channelID.text
        channelName = notification.channelName
        recipient = notification.recipient
        userID = notification.userID?.text
        eventType = notification.eventType
        status = notification.status
        attempts = notification.attempts
        lastError = notification.lastError
        nextAttemptAt = notification.status == .pending ? notification.dueAt : nil
        heldUntil = notification.heldUntil
        sentAt = notification.sentAt
        createdAt = notification.createdAt
        deliveryID = notification.deliveryID?.text
        resendOf = notification.resendOf?.text
    }
}

/// A notification with the log of its delivery.
struct NotificationDetailDocument: Encodable {
    struct Attempt: Encodable {
        let number: Int
        let at: Timestamp
        let milliseconds: Int
        let outcome: DeliveryOutcome.Name
        let responseStatus: Int?
        let detail: String

        enum CodingKeys: String, CodingKey {
            case number, at, outcome, detail
            case milliseconds = "duration_ms"
            case responseStatus = "response_status"
        }
    }

    let notification: NotificationDocument
    let log: [Attempt]

    enum CodingKeys: CodingKey {
        case log
    }

    init(_ notification: Notification, _ attempts: [DeliveryAttempt]) {
        self.notification = NotificationDocument(notification)
        log = attempts.map {
            Attempt(
                number: $0.number, at: $0.at, milliseconds: $0.milliseconds, outcome: $0.outcome,
                responseStatus: $0.responseStatus, detail: $0.detail)
        }
    }

    func encode(to encoder: any Encoder) throws {
        try notification.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(log, forKey: .log)
    }
}
