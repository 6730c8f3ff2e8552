import Kernel

/// The data of `notification.sent` and `notification.failed`.
struct NotificationEventData: Encodable {
    let notificationID: String
    let alertID: String
    let channelID: String
    let organizationID: String
    /// How many were made.
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
        attempts = notification.attempts + 1
    }
}
