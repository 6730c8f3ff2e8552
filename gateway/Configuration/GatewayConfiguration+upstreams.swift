import Foundation
import HTTPWire

extension GatewayConfiguration.UpstreamGroup {
    /// The services by name: a value is the addresses, or a mapping with `url` and what differs from the defaults.
    static func all(
        _ section: FileValue, defaults: FileValue?
    ) throws(GatewayFileError) -> [GatewayConfiguration.UpstreamGroup] {
        var policy = UpstreamPolicy()
        if let defaults { try policy.apply(defaults.members(of: UpstreamPolicy.settings)) }
        return try section.members().map { member throws(GatewayFileError) in
            guard member.key.utf8.allSatisfy({ ByteSet.requestID.contains($0) }), !member.key.isEmpty else {
                throw member.value.error("'\(member.key)' is not a name of letters, digits and dashes")
            }
            return try Self(name: member.key, member.value, policy)
        }
    }

    private init(name: String, _ setting: FileValue, _ defaults: UpstreamPolicy) throws(GatewayFileError) {
        guard setting.node.mapping != nil else {
            self.init(name: name, addresses: try Self.addresses(setting), policy: defaults)
            return
        }
        let members = try setting.members(of: ["url"] + UpstreamPolicy.settings)
        guard let url = members["url"] else { throw setting.error("'\(name)' needs 'url'") }
        self.init(name: name, addresses: try Self.addresses(url), policy: defaults)
        try policy.apply(members)
    }

    /// One base URL, or several with commas between.
    private static func addresses(
        _ setting: FileValue
    ) throws(GatewayFileError) -> [GatewayConfiguration.Listener] {
        let text = try setting.string()
        return try text.split(separator: ",", omittingEmptySubsequences: false).map { part throws(GatewayFileError) in
            let part = part.trimmingCharacters(in: .whitespaces)
            guard !part.isEmpty else { throw setting.error("one of the base URLs in '\(text)' is empty") }
            guard let address = address(part) else {
                throw setting.error("'\(part)' is not a base URL such as http://auth:8101")
            }
            return address
        }
    }

    private static func address(_ text: String) -> GatewayConfiguration.Listener? {
        guard let url = URLComponents(string: text), url.scheme == "http", let host = url.host, !host.isEmpty,
            url.path.isEmpty || url.path == "/", url.query == nil, url.fragment == nil, url.user == nil
        else { return nil }
        let port = url.port ?? 80
        guard (1...65535).contains(port) else { return nil }
        // An IPv6 literal stands in brackets in a URL, and without them everywhere else.
        return .init(host: host.trimmingCharacters(in: CharacterSet(charactersIn: "[]")), port: port)
    }
}

extension UpstreamPolicy {
    fileprivate static let settings = [
        "max_requests", "slow_start", "eject_after", "eject_time", "eject_time_limit", "eject_percent",
        "failure_statuses", "retry_percent", "retries_per_second",
    ]

    /// Puts what the file says in the place of the defaults.
    fileprivate mutating func apply(_ members: [String: FileValue]) throws(GatewayFileError) {
        if let value = members["max_requests"] { maximumRequests = try value.int(in: 1...1_000_000) }
        if let value = members["slow_start"] { slowStart = try value.duration() }
        if let value = members["eject_after"] { ejectAfter = try value.int(in: 1...1_000_000) }
        if let value = members["eject_time"] { ejectionTime = try value.duration() }
        if let value = members["eject_time_limit"] { maximumEjectionTime = try value.duration() }
        if let value = members["eject_percent"] { maximumEjectedPercent = try value.int(in: 0...100) }
        if let value = members["failure_statuses"] {
            failureStatuses = try value.elements().map { status throws(GatewayFileError) in
                try status.int(in: 500...599)
            }
        }
        if let value = members["retry_percent"] { retryPercent = try value.int(in: 0...100) }
        if let value = members["retries_per_second"] { retriesPerSecond = try value.int(in: 0...1_000_000) }
    }
}
