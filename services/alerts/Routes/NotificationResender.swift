import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres
import ServiceKit

/// Has notifications sent once more, by the API and by the pages alike.
struct NotificationResender: Sendable {
    let notifications: NotificationStore
    let channels: ChannelStore
    let dispatcher: DeliveryWake

    /// Sends it again as a new notification: the receiver has to take it for another one. It goes to the channel's URL of
    /// now, and of e-mail to the same address or member, who must be the channel's still.
    ///
    /// - Throws: 404, and 409 while it is being sent and once its channel, or who got it there, is gone.
    func resend(_ id: UUID, by user: UserPrincipal, in organization: UUID) async throws -> Notification {
        let resent = try await notifications.database.withTransaction(as: .organization(organization)) { transaction in
            let channel = try await channels.lock(ofNotification: id, in: organization, transaction)
            guard let notification = try await notifications.lock(id, in: organization, transaction) else {
                throw Problem.notFound()
            }
            guard notification.status != .pending else {
                throw Problem.conflict("The notification is still being sent.")
            }
            guard let channel else { throw Problem.conflict("The notification's channel was deleted.") }
            guard channel.destination.includes(notification.userID, at: notification.recipient) else {
                throw Problem.conflict(
                    notification.recipient.map { "The channel does not go to \($0) any more." }
                        ?? "The channel does not go any more to whom the notification was for.")
            }
            let resent = try await notifications.resend(notification, to: channel, transaction)
            try await transaction.query(
                AuditEntry(
                    "alert_notification.resent", of: resent.id, in: organization, by: user,
                    data: NotificationDocument(resent)
                ).insert)
            return resent
        }
        dispatcher.wake()
        return resent
    }
}
