import FoundationEssentials
import Postgres

/// What became of telling one channel of one step of an alert.
struct Notification: Sendable {
    enum Status: String, Sendable, Codable, CaseIterable {
        /// To be sent, or to be tried again.
        case pending
        case sent
        /// Given up.
        case dead
    }

    let id: UUID
    let alertID: UUID
    let channelID: UUID
    let channelName: String
    /// Such as `alert.triggered`.
    let eventType: String
    let status: Status
    let attempts: Int
    let lastError: String?
    /// When it is tried next, while it is pending.
    let dueAt: Timestamp
    let sentAt: Timestamp?
    let createdAt: Timestamp
}

/// How an attempt to deliver ended.
enum DeliveryOutcome: Sendable, Equatable {
    case sent
    /// It may work another time.
    case failed(String)
    /// The address may not be reached; another attempt would be refused alike.
    case refused(String)
}
