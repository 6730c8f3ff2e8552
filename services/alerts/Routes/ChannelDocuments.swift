import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// A channel as a client writes it.
struct ChannelInput: Decodable, Sendable {
    let name: String
    let type: String
    let url: String
    /// Nil keeps the one there is.
    let secret: String?

    /// - Throws: 422 with everything that is wrong.
    func check() throws {
        try validate { check in
            check.length(of: name, 1...200, "name")
            let types = Channel.Kind.allCases.map(\.rawValue)
            check.require(types.contains(type), "type", "must be one of \(types.joined(separator: ", "))")
            check.length(of: url, 1...2_000, "url")
            check.require(Self.isWebAddress(url), "url", "must be an http or https URL")
            check.length(of: secret, 1...200, "secret")
        }
    }

    private static func isWebAddress(_ text: String) -> Bool {
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), let host = url.host() else {
            return false
        }
        return (scheme == "http" || scheme == "https") && !host.isEmpty
    }
}

/// A channel as it is answered.
struct ChannelDocument: Encodable, Sendable {
    let id: String
    let organizationID: String
    let name: String
    let type: Channel.Kind
    let url: String
    let hasSecret: Bool
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp

    enum CodingKeys: String, CodingKey {
        case id, name, type, url, version
        case organizationID = "organization_id"
        case hasSecret = "has_secret"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }

    init(_ channel: Channel) {
        id = channel.id.text
        organizationID = channel.organizationID.text
        name = channel.name
        type = channel.kind
        url = channel.url
        hasSecret = channel.hasSecret
        version = channel.version
        createdAt = channel.createdAt
        lastUpdated = channel.lastUpdated
    }
}

/// How the test of a channel went.
struct ChannelTestDocument: Encodable {
    /// `sent`, `failed` or `refused`.
    let status: String
    let detail: String

    init(_ outcome: DeliveryOutcome) {
        status = outcome.name
        detail =
            switch outcome {
            case .sent: "the receiver accepted the delivery"
            case .failed(let reason), .refused(let reason): reason
            }
    }
}
