import Glibc

/// An IPv4 or IPv6 address as its bytes in network order.
public struct IPAddress: Sendable, Hashable {
    /// 4 or 16 bytes.
    let bytes: [UInt8]
}

extension IPAddress {
    /// The address of a socket; nil when it is of neither family.
    init?(_ address: UnsafePointer<sockaddr>) {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            var address = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
            self.init(bytes: withUnsafeBytes(of: &address, Array.init))
        case AF_INET6:
            var address = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self.init(bytes: withUnsafeBytes(of: &address, Array.init))
        default:
            return nil
        }
    }
}

extension IPAddress: LosslessStringConvertible {
    /// Reads dotted decimal, or the text of RFC 4291 section 2.2; no brackets and no zone.
    public init?(_ description: String) {
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, description, &v4) == 1 {
            self.init(bytes: withUnsafeBytes(of: &v4, Array.init))
        } else if inet_pton(AF_INET6, description, &v6) == 1 {
            self.init(bytes: withUnsafeBytes(of: &v6, Array.init))
        } else {
            return nil
        }
    }

    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension IPAddress {
    /// The same address, as IPv4 where it is an IPv4 address mapped into IPv6 (RFC 4291 section 2.5.5.2), as a socket
    /// of both families shows its peers.
    public var unmapped: IPAddress { isMapped ? IPAddress(bytes: Array(bytes[12...])) : self }

    /// Whether it is one of `::ffff:0:0/96`.
    var isMapped: Bool {
        bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
    }
}
