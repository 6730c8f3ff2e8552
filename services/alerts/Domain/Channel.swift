import FoundationEssentials
import Postgres

/// Where notifications go: for now a webhook.
struct Channel: Sendable, Hashable {
    enum Kind: String, Sendable, Codable, CaseIterable {
        case webhook
    }

    let id: UUID
    let organizationID: UUID
    let name: String
    let kind: Kind
    let url: String
    /// Whether deliveries are signed; the secret itself is never answered.
    let hasSecret: Bool
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp
}
