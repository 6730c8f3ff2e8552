/// How far an address reaches, by the registries of special-purpose addresses that RFC 6890 made.
public enum AddressScope: Sendable, Hashable {
    /// The public internet.
    case global
    case unspecified
    case loopback
    case linkLocal
    /// RFC 1918, and IPv6's unique-local and site-local addresses.
    case privateUse
    /// Behind a provider's address translation (RFC 6598).
    case shared
    case multicast
    /// Documentation, benchmarks, protocols' own use, and what nobody has been given.
    case reserved
}

extension IPAddress {
    /// An IPv6 address that stands for an IPv4 address reaches as far as that one.
    public var scope: AddressScope {
        if bytes.count == 4 { return Self.v4Networks.first { $0.contains(self) }?.scope ?? .global }
        if let embedded = embeddedV4 { return embedded.scope }
        // Only 2000::/3 has been given out.
        return Self.v6Networks.first { $0.contains(self) }?.scope ?? (bytes[0] >> 5 == 1 ? .global : .reserved)
    }

    /// The IPv4 address inside a mapped (RFC 4291), translated (RFC 6052) or 6to4 (RFC 3056) address.
    private var embeddedV4: IPAddress? {
        if isMapped || Self.translated.contains(self) { return IPAddress(bytes: Array(bytes[12...])) }
        if Self.sixToFour.contains(self) { return IPAddress(bytes: Array(bytes[2..<6])) }
        return nil
    }

    private static let translated = Network("64:ff9b::/96")
    private static let sixToFour = Network("2002::/16")

    private static let v4Networks = [
        Network("0.0.0.0/8", .unspecified),
        Network("10.0.0.0/8", .privateUse),
        Network("100.64.0.0/10", .shared),
        Network("127.0.0.0/8", .loopback),
        Network("169.254.0.0/16", .linkLocal),
        Network("172.16.0.0/12", .privateUse),
        Network("192.0.0.0/24", .reserved),
        Network("192.0.2.0/24", .reserved),
        Network("192.88.99.0/24", .reserved),
        Network("192.168.0.0/16", .privateUse),
        Network("198.18.0.0/15", .reserved),
        Network("198.51.100.0/24", .reserved),
        Network("203.0.113.0/24", .reserved),
        Network("224.0.0.0/4", .multicast),
        Network("240.0.0.0/4", .reserved),
    ]

    private static let v6Networks = [
        Network("::/128", .unspecified),
        Network("::1/128", .loopback),
        Network("2001::/23", .reserved),
        Network("2001:db8::/32", .reserved),
        Network("3fff::/20", .reserved),
        Network("fc00::/7", .privateUse),
        Network("fe80::/10", .linkLocal),
        Network("fec0::/10", .privateUse),
        Network("ff00::/8", .multicast),
    ]
}

/// A range of addresses that reach equally far.
private struct Network: Sendable {
    /// One that cannot be read contains nothing.
    let range: AddressRange?
    let scope: AddressScope

    init(_ range: String, _ scope: AddressScope = .reserved) {
        self.range = AddressRange(range)
        self.scope = scope
    }

    func contains(_ address: IPAddress) -> Bool { range?.contains(address) ?? false }
}
