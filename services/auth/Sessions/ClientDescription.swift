import Glibc

/// Where a session was opened, as the user is told.
struct ClientDescription: Sendable, Hashable {
    private static let maximumLength = 256

    let userAgent: String?
    let address: String?

    init(userAgent: String?, address: String?) {
        self.userAgent = userAgent.map { String($0.prefix(Self.maximumLength)) }
        self.address = address.map { String($0.prefix(Self.maximumLength)) }
    }

    /// What is counted where a network address may do something only so often: the address, or the first 64 bits of one
    /// of IPv6, which is what one site gets (RFC 6177).
    var network: String? { address.map(Self.network) }

    private static func network(of address: String) -> String {
        var bytes = in6_addr()
        let text = String(address.prefix { $0 != "%" })
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return address }
        return withUnsafeBytes(of: bytes) { bytes in
            // IPv4 written as IPv6 (RFC 4291 section 2.5.5.2).
            if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
                return bytes.suffix(4).map(String.init).joined(separator: ".")
            }
            let groups = stride(from: 0, to: 8, by: 2).map {
                String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16)
            }
            return groups.joined(separator: ":") + "::/64"
        }
    }
}
