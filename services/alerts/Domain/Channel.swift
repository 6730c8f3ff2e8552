import FoundationEssentials
import Postgres

/// Where an organization's notifications go.
struct Channel: Sendable, Hashable {
    let id: UUID
    let organizationID: UUID
    let name: String
    let destination: Destination
    /// Over how many seconds notifications are collected into one message; 0 sends at once.
    let groupSeconds: Int
    /// Nil for the words that are used by default.
    let template: MessageTemplate?
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp

    enum Kind: String, Sendable, Codable, CaseIterable {
        case email, webhook, slack, teams
    }

    /// What may be told of where a channel leads; secrets are stored sealed and never leave.
    enum Destination: Sendable, Hashable {
        case email(addresses: [String], memberIDs: [UUID])
        case webhook(url: String, isSigned: Bool)
        /// An incoming webhook. Its URL is a secret: who knows it may post.
        case slack(origin: String)
        /// The webhook of a workflow; likewise.
        case teams(origin: String)

        var kind: Kind {
            switch self {
            case .email: .email
            case .webhook: .webhook
            case .slack: .slack
            case .teams: .teams
            }
        }

        /// Whether messages go to a member, whatever the address, or to an address that is no member's.
        func includes(_ member: UUID?, at address: String?) -> Bool {
            switch self {
            case .email(let addresses, let memberIDs):
                if let member { return memberIDs.contains(member) }
                return addresses.contains { $0.lowercased() == address?.lowercased() }
            case .webhook, .slack, .teams:
                return address == nil
            }
        }
    }
}

/// A channel as somebody wrote it, with secrets in the clear.
struct ChannelDefinition: Sendable, Hashable {
    enum Destination: Sendable, Hashable {
        /// Members are mailed at their verified addresses.
        case email(addresses: [String], memberIDs: [UUID])
        /// Without a secret, the one there is stays.
        case webhook(url: String, secret: String?)
        /// Without a URL, the one there is stays.
        case slack(url: String?)
        case teams(url: String?)

        var kind: Channel.Kind {
            switch self {
            case .email: .email
            case .webhook: .webhook
            case .slack: .slack
            case .teams: .teams
            }
        }
    }

    let name: String
    let destination: Destination
    let groupSeconds: Int
    let template: MessageTemplate?
}

/// Where one message goes, with secrets in the clear.
enum ChannelTarget: Sendable, Hashable {
    case email(address: String)
    case webhook(url: String, secret: [UInt8]?)
    case slack(url: String)
    case teams(url: String)
}
