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
}

/// What a limiter knows a credential by: a hash with this process's secret seed.
enum CredentialHash {
    /// The hash of what a request identifies itself by; nil when it does not. A bearer token wins over a key, a key
    /// over a cookie, and a cookie over a token in the path.
    static func of(_ head: RequestHead, _ bytes: Span<UInt8>, route: Route) -> UInt64? {
        if let authorization = head.authorization {
            // The scheme and the spaces behind it can be written in many ways, the token in one.
            var start = authorization.upperBound
            while start > authorization.lowerBound, bytes[start - 1] != ASCII.space { start -= 1 }
            return hash(bytes, start..<authorization.upperBound)
        }
        if let credential = head.apiKey ?? head.sessionCookie { return hash(bytes, credential) }
        return token(bytes, head.path, at: route.pattern.secrets).map { hash(bytes, $0) }
    }

    private static func hash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
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
