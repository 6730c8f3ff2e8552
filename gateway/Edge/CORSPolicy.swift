import HTTPWire
import NIOCore

/// Which pages of other origins may use a route (the Fetch standard, "CORS protocol").
struct CORSPolicy: Sendable {
    /// `https://app.example.org`, or `https://*.example.org` for every name below.
    struct Origin: Sendable, Equatable {
        /// All of it, or what stands before the wildcard.
        let start: [UInt8]
        /// What stands behind the wildcard, from its dot on; nil where there is none.
        let end: [UInt8]?
    }

    static let allowOrigin = LowercasedText("Access-Control-Allow-Origin")

    let origins: [Origin]
    /// Whether any page may read answers; none with credentials then.
    let allowsAny: Bool
    /// The lines behind `Access-Control-Allow-Origin` in every answer to an origin that is allowed.
    let fields: ByteBuffer
    /// The fields of answers to preflights, beside those.
    let preflight: [(name: String, value: String)]

    init(origins: [Origin], allowsAny: Bool, fields: String, preflight: [(name: String, value: String)]) {
        self.origins = origins
        self.allowsAny = allowsAny
        self.fields = ByteBuffer(string: fields)
        self.preflight = preflight
    }

    /// Whether a page of the origin at `range` may read answers.
    func allows(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        if allowsAny { return true }
        for origin in origins where origin.matches(bytes, range) { return true }
        return false
    }

    /// Writes the fields of an answer.
    ///
    /// - Parameter origin: the one that asks, if it is allowed; else empty.
    func write(into out: inout ByteBuffer, origin: ByteBuffer) {
        if origin.readableBytes > 0 {
            out.writeStaticString("Access-Control-Allow-Origin: ")
            if allowsAny { out.writeStaticString("*") } else { out.writeImmutableBuffer(origin) }
            out.writeStaticString("\r\n")
            out.writeImmutableBuffer(fields)
        }
        // Whoever keeps the answer must not give it to another origin.
        if !allowsAny { out.writeStaticString("Vary: Origin\r\n") }
    }
}

extension CORSPolicy.Origin {
    /// An origin as browsers write it (RFC 6454 §6.2): in lower case, without a path. Nil for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "https" || parts[0] == "http" else { return nil }
        let isWildcard = parts[1].hasPrefix("*.")
        let host = parts[1].dropFirst(isWildcard ? 2 : 0)
        guard !host.isEmpty, host.utf8.allSatisfy(Self.isHostByte) else { return nil }
        start = Array("\(parts[0])://".utf8) + (isWildcard ? [] : Array(host.utf8))
        end = isWildcard ? [ASCII.dot] + Array(host.utf8) : nil
    }

    fileprivate func matches(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard let end else {
            return range.count == start.count && stands(start, in: bytes, at: range.lowerBound)
        }
        guard range.count > start.count + end.count, stands(start, in: bytes, at: range.lowerBound),
            stands(end, in: bytes, at: range.upperBound - end.count)
        else { return false }
        for index in range.lowerBound + start.count..<range.upperBound - end.count
        where !Self.isHostByte(bytes[index]) || bytes[index] == ASCII.colon {
            return false
        }
        return true
    }

    private func stands(_ text: [UInt8], in bytes: Span<UInt8>, at start: Int) -> Bool {
        for offset in 0..<text.count where bytes[start + offset] != text[offset] { return false }
        return true
    }

    /// Digits, lower case, `-`, `.`, and `:` before a port.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), ASCII.zero...ASCII.zero + 9, ASCII.dash, ASCII.dot, ASCII.colon:
            true
        default: false
        }
    }
}
