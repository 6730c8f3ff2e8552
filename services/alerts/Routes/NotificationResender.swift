import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres
import ServiceKit

/// Has notifications sent once more, by the API and by the pages alike.
struct NotificationResender: Sendable {
    let notifications: NotificationStore
    let dispatcher: DeliveryWake

    /// Sends it again as a new notification: the receiver has to take it for another one.
    ///
    /// - Throws: 404, and 409 while it is being sent and once its channel is gone.
    func resend(_ id: UUID, by user: UserPrincipal, in organization: UUID) async throws -> Notification {
        let resent = try await notifications.database.withTransaction(as: .organization(organization)) { transaction in
            guard let notification = try await notifications.lock(id, in: organization, transaction) else {
                throw Problem.notFound()
            }
            guard notification.status != .pending else {
                throw Problem.conflict("The notification is still being sent.")
            }
            guard let resent = try await notifications.resend(notification, in: organization, transaction) else {
                throw Problem.conflict("The notification's channel was deleted.")
            }
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
