import NIOCore

extension SocketAddress {
    /// The address of IPv4 that an IPv4-mapped one of IPv6 stands for (RFC 4291 §2.5.5.2), else the address itself.
    ///
    /// A listener on `::` has its clients with IPv4 at `::ffff:192.0.2.1`. All of these begin with the same 64 bits, by
    /// which they would be one site.
    var unmapped: SocketAddress {
        guard case .v6(let address) = self else { return self }
        let packed = withUnsafeBytes(of: address.address.sin6_addr) { bytes -> ByteBuffer? in
            guard bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff else { return nil }
            return ByteBuffer(bytes: bytes.suffix(4))
        }
        // Four bytes are always an address.
        return packed.flatMap { try? SocketAddress(packedIPAddress: $0, port: port ?? 0) } ?? self
    }
}
