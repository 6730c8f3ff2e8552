import HTTPWire
import NIOCore

/// What a limiter knows an address by: a hash with this process's secret seed.
enum AddressHash {
    /// An IPv6 address counts by its first 64 bits, which is what one site gets (RFC 6177).
    static func of(_ address: SocketAddress?) -> UInt64 {
        var hasher = Hasher()
        switch address {
        case .v4(let address):
            hasher.combine(4)
            hasher.combine(address.address.sin_addr.s_addr)
        case .v6(let address):
            hasher.combine(6)
            withUnsafeBytes(of: address.address.sin6_addr) { hasher.combine(bytes: .init(rebasing: $0.prefix(8))) }
        case .unixDomainSocket, nil:
            hasher.combine(0)
        }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// What all gateways call the site that an address belongs to: all of an IPv4 address, 64 bits of an IPv6 one.
    static func site(of address: String) -> String {
        guard case .v6(let parsed) = try? SocketAddress(ipAddress: address, port: 0) else { return address }
        return withUnsafeBytes(of: parsed.address.sin6_addr) { bytes in
            bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ":")
        }
    }
}

/// What a limiter knows a credential by: a hash with this process's secret seed.
enum CredentialHash {
    /// Where that stands by which a request identifies itself; nil when it does not. As in services, a token in the path
    /// wins over a bearer token, that over a key, and a key over a cookie.
    static func range(_ head: RequestHead, _ bytes: Span<UInt8>, route: Route) -> Range<Int>? {
        if let place = token(bytes, head.path, at: route.pattern.secrets) { return place }
        if let authorization = head.authorization {
            // The scheme and the spaces behind it can be written in many ways, the token in one.
            var start = authorization.upperBound
            while start > authorization.lowerBound, bytes[start - 1] != ASCII.space { start -= 1 }
            return start..<authorization.upperBound
        }
        return head.apiKey ?? head.sessionCookie
    }

    /// The hash of a credential.
    static func of(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var hasher = Hasher()
        bytes.extracting(range).bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// The first of the path's segments whose position is set in `positions`.
    private static func token(_ bytes: Span<UInt8>, _ path: Range<Int>, at positions: UInt32) -> Range<Int>? {
        guard positions != 0 else { return nil }
        var start = path.lowerBound + 1
        for _ in 0..<positions.trailingZeroBitCount {
            guard let slash = bytes.index(of: ASCII.slash, in: start..<path.upperBound) else { return nil }
            start = slash + 1
        }
        return start..<(bytes.index(of: ASCII.slash, in: start..<path.upperBound) ?? path.upperBound)
    }
}
