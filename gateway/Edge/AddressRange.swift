import Glibc
import NIOCore

/// The addresses that begin with the same bits: `10.0.0.0/8`, `2001:db8::/32`, or a single one.
struct AddressRange: Sendable, Equatable {
    /// An address of IPv4 in the form that IPv6 has for it (RFC 4291 §2.5.5.2).
    private let bytes: [UInt8]
    /// Bits that count.
    private let length: Int

    /// Nil for what is neither an address nor one with a length.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = try? SocketAddress(ipAddress: String(parts[0]), port: 0),
            let bytes = Self.bytes(of: address)
        else { return nil }
        let offset = address.protocol == .inet ? 96 : 0
        var length = 128 - offset
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...length).contains(given) else { return nil }
            length = given
        }
        self.bytes = bytes
        self.length = offset + length
    }

    func contains(_ address: SocketAddress) -> Bool {
        guard let other = Self.bytes(of: address) else { return false }
        let whole = length / 8
        guard bytes[..<whole] == other[..<whole] else { return false }
        let rest = length % 8
        return rest == 0 || (bytes[whole] ^ other[whole]) >> (8 - rest) == 0
    }

    private static func bytes(of address: SocketAddress) -> [UInt8]? {
        switch address {
        case .v4(let address):
            let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
            return withUnsafeBytes(of: address.address.sin_addr) { mapped + $0 }
        case .v6(let address): return withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
        case .unixDomainSocket: return nil
        }
    }
}
