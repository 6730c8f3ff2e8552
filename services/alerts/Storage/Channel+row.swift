import FoundationEssentials
import Postgres

extension Channel {
    /// What ``init(row:)`` reads, in its order.
    static let columns: SQL = """
        id, organization_id, name, type, url, addresses, sealed_secret IS NOT NULL, member_ids, group_s, template,
        version, created_at, last_updated
        """

    /// - Throws: `DecodingFailure`, ``StoredValueError``.
    init(row: Row) throws {
        self.init(
            id: try row.decode(at: 0), organizationID: try row.decode(at: 1), name: try row.decode(at: 2),
            destination: try Destination(row: row, at: 3), groupSeconds: try row.decode(at: 8),
            template: try MessageTemplate(stored: row.decode(at: 9)), version: try row.decode(at: 10),
            createdAt: try row.decode(at: 11), lastUpdated: try row.decode(at: 12))
    }
}

extension Channel.Destination {
    /// Reads `type, url, addresses, sealed_secret IS NOT NULL, member_ids` from the column `first` on.
    fileprivate init(row: Row, at first: Int) throws {
        let url = try row.decode(String?.self, at: first + 1) ?? ""
        switch try row.decodeCase(Channel.Kind.self, at: first) {
        case .email: self = .email(addresses: try row.decode(at: first + 2), memberIDs: try row.decode(at: first + 4))
        case .webhook: self = .webhook(url: url, isSigned: try row.decode(at: first + 3))
        case .slack: self = .slack(origin: url)
        case .teams: self = .teams(origin: url)
        }
    }
}

extension ChannelDefinition.Destination {
    /// What is stored sealed.
    var secret: String? {
        switch self {
        case .email: nil
        case .webhook(_, let secret): secret
        case .slack(let url), .teams(let url): url
        }
    }

    /// What may be told of the URL; nil where none was given.
    var shownURL: String? {
        switch self {
        case .email: nil
        case .webhook(let url, _): url
        case .slack(let url), .teams(let url): url.flatMap(Self.origin)
        }
    }

    var addresses: [String] {
        if case .email(let addresses, _) = self { addresses } else { [] }
    }

    var memberIDs: [UUID] {
        if case .email(_, let ids) = self { ids } else { [] }
    }

    /// `https://hooks.slack.com`.
    private static func origin(of url: String) -> String? {
        guard let parts = URL(string: url), let scheme = parts.scheme, let host = parts.host() else { return nil }
        return "\(scheme.lowercased())://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }
}

extension DueChannel {
    /// What ``init(row:at:)`` reads, in its order.
    static let columns: SQL = """
        channels.type, channels.url, channels.sealed_secret, channels.group_s, channels.template, channels.addresses,
        channels.member_ids
        """

    /// Nil where the columns are those of no channel.
    ///
    /// - Throws: `DecodingFailure`, ``StoredValueError``.
    init?(row: Row, at first: Int) throws {
        guard let type = try row.decode(String?.self, at: first) else { return nil }
        guard let kind = Channel.Kind(rawValue: type) else { throw StoredValueError.unknown(type) }
        self.init(
            kind: kind, url: try row.decode(at: first + 1), sealedSecret: try row.decode(at: first + 2),
            groupSeconds: try row.decode(at: first + 3),
            template: try MessageTemplate(stored: row.decode(at: first + 4)), addresses: try row.decode(at: first + 5),
            memberIDs: try row.decode(at: first + 6))
    }
}

extension MessageTemplate {
    fileprivate init?(stored json: JSONB?) throws {
        guard let json else { return nil }
        self = try json.decode()
    }
}
