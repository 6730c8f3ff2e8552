import HTTPWire

/// Where a request would have come by HTTPS.
enum SecureLocation {
    /// The address of what `head` asks for.
    ///
    /// - Parameters:
    ///   - host: where `Host` stands, with or without a port.
    ///   - bytes: what `head` was read from.
    ///   - port: that of HTTPS, as clients know it.
    static func of(_ head: RequestHead, host: Range<Int>, _ bytes: Span<UInt8>, port: Int) -> String {
        var name = host
        // An IPv6 literal has colons of its own, in brackets.
        while let last = name.last, bytes[last] != ASCII.colon, bytes[last] != UInt8(ascii: "]") {
            name = name.lowerBound..<last
        }
        if name.isEmpty {
            name = host
        } else if bytes[name.upperBound - 1] == ASCII.colon {
            name = name.lowerBound..<name.upperBound - 1
        }
        let authority = bytes.string(at: name) + (port == 443 ? "" : ":\(port)")
        let target = bytes.string(at: head.path.lowerBound..<head.query.upperBound)
        return "https://\(authority)\(head.path.isEmpty ? "/" : "")\(target)"
    }
}
