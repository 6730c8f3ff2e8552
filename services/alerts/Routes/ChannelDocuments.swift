import Kernel
import Postgres

/// A channel as it is answered: without its secrets.
struct ChannelDocument: Encodable, Sendable {
    let channel: Channel

    init(_ channel: Channel) {
        self.channel = channel
    }

    enum CodingKeys: String, CodingKey {
        case id, name, type, url, addresses, template, version
        case memberIDs = "member_ids"
        case organizationID = "organization_id"
        case hasSecret = "has_secret"
        case groupSeconds = "group_s"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(channel.id.text, forKey: .id)
        try container.encode(channel.organizationID.text, forKey: .organizationID)
        try container.encode(channel.name, forKey: .name)
        try container.encode(channel.destination.kind, forKey: .type)
        switch channel.destination {
        case .email(let addresses, let memberIDs):
            try container.encode(addresses, forKey: .addresses)
            try container.encode(memberIDs.map(\.text), forKey: .memberIDs)
        case .webhook(let url, let isSigned):
            try container.encode(url, forKey: .url)
            try container.encode(isSigned, forKey: .hasSecret)
        case .slack(let origin), .teams(let origin):
            try container.encode(origin, forKey: .url)
            try container.encode(true, forKey: .hasSecret)
        }
        try container.encode(channel.groupSeconds, forKey: .groupSeconds)
        try container.encodeIfPresent(channel.template, forKey: .template)
        try container.encode(channel.version, forKey: .version)
        try container.encode(channel.createdAt, forKey: .createdAt)
        try container.encode(channel.lastUpdated, forKey: .lastUpdated)
    }
}

/// How the test of a channel went.
struct ChannelTestDocument: Encodable {
    let status: DeliveryOutcome.Name
    let detail: String

    /// - Parameter outcomes: One for each recipient; the worst is told.
    init(_ outcomes: [DeliveryOutcome]) {
        let worst = outcomes.first { $0.name == .refused } ?? outcomes.first { $0.name == .failed } ?? outcomes.first
        status = worst?.name ?? .refused
        detail =
            switch worst {
            case .sent: "the receiver accepted the delivery"
            case .failed, .refused: worst?.detail ?? ""
            case nil: "the channel has no recipient who wants mail now"
            }
    }
}
