import HTTPWire

/// Whose requests a route takes, by their `Host`: `api.example.org`, or `*.example.org` for every name below.
struct HostPattern: Sendable, Hashable {
    let text: String
    /// A wildcard's name begins with its dot.
    private let name: LowercasedText
    private let isWildcard: Bool

    /// - Throws: `HostPatternError`.
    init(_ text: String) throws(HostPatternError) {
        isWildcard = text.hasPrefix("*.")
        let labels = text.dropFirst(isWildcard ? 2 : 0).split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            !label.isEmpty && label.utf8.allSatisfy { ByteSet.token.contains($0) && $0 != UInt8(ascii: "*") }
        }
        guard isName else { throw HostPatternError(text: text) }
        self.text = text.lowercased()
        name = LowercasedText(isWildcard ? String(text.dropFirst()) : text)
    }

    /// Whether the name at `range`, which `name(_:_:)` has found, is one of these.
    func matches(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        isWildcard ? name.ends(bytes, range) : name.equals(bytes, range)
    }

    /// Whether this is asked before `other`: exact names first, then what is below longer ones.
    func precedes(_ other: HostPattern) -> Bool {
        isWildcard == other.isWildcard ? name.bytes.count > other.name.bytes.count : !isWildcard
    }

    /// The name in a `Host` without its port (RFC 9110 §7.2) and without the dot of a fully qualified one.
    static func name(_ bytes: Span<UInt8>, _ host: Range<Int>) -> Range<Int> {
        var end = host.upperBound
        while end > host.lowerBound, ASCII.isDigit(bytes[end - 1]) { end -= 1 }
        if end > host.lowerBound, bytes[end - 1] == ASCII.colon { end -= 1 } else { end = host.upperBound }
        if end > host.lowerBound, bytes[end - 1] == ASCII.dot { end -= 1 }
        return host.lowerBound..<end
    }
}

struct HostPatternError: Error, Equatable, CustomStringConvertible {
    let text: String
    var description: String { "'\(text)' is not a host such as api.example.org or *.example.org, without a port" }
}

extension ASCII {
    fileprivate static func isDigit(_ byte: UInt8) -> Bool { byte >= zero && byte <= zero + 9 }
}
