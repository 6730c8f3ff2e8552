import FoundationEssentials
import Postgres

/// Whose notifications may go out as one message: a member's, whatever the address was when they were made.
struct DeliveryRecipient: Sendable, Hashable {
    let channelID: UUID
    let userID: UUID?
    let address: String?

    init(_ notification: DueNotification) {
        channelID = notification.channelID
        userID = notification.userID
        address = notification.userID == nil ? notification.recipient : nil
    }

    var condition: SQL {
        if let userID { return "channel_id = \(channelID) AND user_id = \(userID)" }
        return "channel_id = \(channelID) AND user_id IS NULL AND recipient IS NOT DISTINCT FROM \(address)"
    }
}
