import FoundationEssentials
import HTTPKit
import Hummingbird
import Kernel
import Postgres

/// `/api/v1/alerts/notifications`: what was sent, to whom, and how that went.
struct NotificationRoutes: Sendable {
    let notifications: NotificationStore

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/alerts/notifications", .user(atLeast: .viewer), use: list)
    }

    @Sendable private func list(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Page<NotificationDocument> {
        let query = try request.query()
        let page = try query.page(of: UUID.self)
        let found = try await notifications.list(
            in: context.organizationID, statuses: query.values("status"), page)
        return try page.page(found, key: \.id) { NotificationDocument($0) }
    }
}

/// A notification as it is answered.
struct NotificationDocument: Encodable {
    let id: String
    let alertID: String
    let channelID: String
    let channelName: String
    let eventType: String
    let status: Notification.Status
    let attempts: Int
    let lastError: String?
    let nextAttemptAt: Timestamp?
    let sentAt: Timestamp?
    let createdAt: Timestamp

    enum CodingKeys: String, CodingKey {
        case id, status, attempts
        case alertID = "alert_id"
        case channelID = "channel_id"
        case channelName = "channel_name"
        case eventType = "event_type"
        case lastError = "last_error"
        case nextAttemptAt = "next_attempt_at"
        case sentAt = "sent_at"
        case createdAt = "created_at"
    }

    init(_ notification: Notification) {
        id = notification.id.text
        alertID = notification.alertID.text
        channelID = notification.channelID.text
        channelName = notification.channelName
        eventType = notification.eventType
        status = notification.status
        attempts = notification.attempts
        lastError = notification.lastError
        nextAttemptAt = notification.status == .pending ? notification.dueAt : nil
        sentAt = notification.sentAt
        createdAt = notification.createdAt
    }
}
