import HTTPWire
import NIOCore

/// The proxies in front of the gateway that are believed when they tell who asks.
struct TrustedProxies: Sendable, Equatable {
    var ranges: [AddressRange] = []

    func contains(_ address: SocketAddress?) -> Bool {
        guard !ranges.isEmpty, let address else { return false }
        return ranges.contains { $0.contains(address) }
    }

    /// Who asks by a request that one of these proxies has passed on.
    ///
    /// Each of them adds to `X-Forwarded-For`, at the end, whom it had the request from. So the last address there that is
    /// not one of theirs is the client's; what stands before it anybody may have written. Where a proxy has said nothing that
    /// is an address, it asks for itself.
    func origin(of head: RequestHead, _ bytes: Span<UInt8>, behind proxy: ClientOrigin) -> ClientOrigin {
        var address = proxy.socketAddress
        lines: for field in head.fields.reversed() where field.isForwarded(Self.client, bytes) {
            var rest = field.value
            while let text = bytes.lastListMember(&rest) {
                guard let before = SocketAddress(forwarded: bytes.string(at: text)) else { break lines }
                address = before
                guard contains(before) else { break lines }
            }
        }
        return ClientOrigin(address, scheme: scheme(head, bytes) ?? (proxy.isSecure ? "https" : "http"))
    }

    /// The scheme that the nearest of these proxies names, which has passed on, or found out, how the client came.
    private func scheme(_ head: RequestHead, _ bytes: Span<UInt8>) -> String? {
        guard let field = head.fields.last(where: { $0.isForwarded(Self.scheme, bytes) }) else { return nil }
        var rest = field.value
        guard let text = bytes.lastListMember(&rest) else { return nil }
        return ["http", "https"].first { LowercasedText($0).equals(bytes, text) }
    }

    private static let client = LowercasedText("X-Forwarded-For")
    private static let scheme = LowercasedText("X-Forwarded-Proto")
}

extension FieldLine {
    fileprivate func isForwarded(_ name: LowercasedText, _ bytes: Span<UInt8>) -> Bool {
        field == .forwarded && name.equals(bytes, self.name)
    }
}

extension Span<UInt8> {
    /// Takes the last member off a list with commas, without the white space around it; nil when there is none left.
    fileprivate func lastListMember(_ rest: inout Range<Int>) -> Range<Int>? {
        while !rest.isEmpty {
            var start = rest.upperBound
            while start > rest.lowerBound, self[start - 1] != ASCII.comma { start -= 1 }
            let member = trimmed(start..<rest.upperBound)
            rest = rest.lowerBound..<Swift.max(rest.lowerBound, start - 1)
            // Empty members do not count (RFC 9110 §5.6.1.2).
            if !member.isEmpty { return member }
        }
        return nil
    }
}

extension SocketAddress {
    /// An address as proxies write it: alone or with a port, behind which one of IPv6 stands in brackets.
    fileprivate init?(forwarded text: String) {
        var host = text[...]
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return nil }
            let port = host[host.index(after: end)...]
            guard port.isEmpty || port.isPort else { return nil }
            host = host[host.index(after: host.startIndex)..<end]
        } else if let colon = host.firstIndex(of: ":"), host[host.index(after: colon)...].allSatisfy({ $0 != ":" }) {
            guard host[colon...].isPort else { return nil }
            host = host[..<colon]
        }
        guard let address = try? SocketAddress(ipAddress: String(host), port: 0) else { return nil }
        self = address.unmapped
    }
}

extension Substring {
    fileprivate var isPort: Bool { first == ":" && UInt16(dropFirst()) != nil }
}
