import HTTPWire
import NIOCore
import NIOHPACK

/// A request that HTTP/2 does not allow (RFC 9113 §8.1.1).
struct MalformedStream: Error {}

/// The head of an HTTP/2 request as HTTP/1.1 has it.
struct RequestTranslation {
    private(set) var method = ""
    private var path = ""
    private var scheme = ""
    private var authority: String?
    private var cookies = ""
    private var length: String?

    /// Writes the head.
    ///
    /// What is written can be read in one way only: nothing that ends a line or separates its parts comes from a value
    /// (RFC 9113 §10.3). Everything else is for the reader of HTTP/1.1 to refuse.
    ///
    /// - Parameter endsStream: whether there is no content.
    /// - Returns: whether the content is to be written in chunks.
    /// - Throws: ``MalformedStream``.
    mutating func write(
        _ headers: HPACKHeaders, endsStream: Bool, into out: inout ByteBuffer
    ) throws(MalformedStream) -> Bool {
        try readPseudoHeaders(headers)
        out.writeString(method)
        out.writeInteger(ASCII.space)
        out.writeString(path)
        // One request a stream.
        out.writeStaticString(" HTTP/1.1\r\nConnection: close\r\n")
        if let authority { out.writeField("Host", authority) }
        for (name, value, _) in headers where name.utf8.first != ASCII.colon {
            try write(name: name, value: value, into: &out)
        }
        // Several are one to HTTP/1.1 (§8.2.3).
        if !cookies.isEmpty { out.writeField("Cookie", cookies) }
        // Content that was announced must come (§8.1.1).
        if endsStream, let length, length.utf8.contains(where: { $0 != ASCII.zero }) { throw MalformedStream() }
        let isChunked = !endsStream && length == nil
        if isChunked { out.writeStaticString("Transfer-Encoding: chunked\r\n") }
        out.writeStaticString("\r\n")
        return isChunked
    }

    /// Writes the fields that follow the content.
    ///
    /// - Throws: ``MalformedStream``.
    static func write(trailers: HPACKHeaders, into out: inout ByteBuffer) throws(MalformedStream) {
        for (name, value, _) in trailers {
            guard isName(name), isValue(value) else { throw MalformedStream() }
            out.writeField(name, value)
        }
    }

    /// Reads `:method`, `:scheme`, `:path` and `:authority` (§8.3.1), each of which may stand there once.
    private mutating func readPseudoHeaders(_ headers: HPACKHeaders) throws(MalformedStream) {
        for (name, value, _) in headers where name.utf8.first == ASCII.colon {
            guard !value.isEmpty, value.utf8.allSatisfy({ $0 > ASCII.space && $0 != ASCII.delete }) else {
                throw MalformedStream()
            }
            switch name {
            case ":method" where method.isEmpty: method = value
            case ":scheme" where scheme.isEmpty: scheme = value
            case ":path" where path.isEmpty: path = value
            case ":authority" where authority == nil: authority = value
            default: throw MalformedStream()
            }
        }
        guard method.utf8.allSatisfy({ ByteSet.token.contains($0) }), !method.isEmpty, method != "CONNECT",
            path.utf8.first == ASCII.slash || path == "*", scheme == "https" || scheme == "http"
        else { throw MalformedStream() }
    }

    private mutating func write(
        name: String, value: String, into out: inout ByteBuffer
    ) throws(MalformedStream) {
        guard Self.isName(name), Self.isValue(value) else { throw MalformedStream() }
        switch name {
        case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
            throw MalformedStream()
        case "te":
            guard value == "trailers" else { throw MalformedStream() }
        case "host":
            guard let authority else { return out.writeField("Host", value) }
            guard authority.lowercased() == value.lowercased() else { throw MalformedStream() }
        case "cookie":
            cookies += cookies.isEmpty ? value : "; \(value)"
        case "content-length":
            length = value
            out.writeField(name, value)
        default:
            out.writeField(name, value)
        }
    }

    /// Whether it is a token without capitals (§8.2.1).
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { ByteSet.token.contains($0) && !(0x41...0x5a).contains($0) }
    }

    /// Whether it has no control characters, and no space around it (§8.2.1).
    private static func isValue(_ value: String) -> Bool {
        let bytes = value.utf8
        guard let first = bytes.first, let last = bytes.last else { return true }
        return bytes.allSatisfy { ASCII.isFieldContent($0) } && ![first, last].contains(ASCII.space)
            && ![first, last].contains(ASCII.tab)
    }
}

extension ByteBuffer {
    fileprivate mutating func writeField(_ name: String, _ value: String) {
        writeString(name)
        writeStaticString(": ")
        writeString(value)
        writeStaticString("\r\n")
    }

    /// Appends a chunk (RFC 9112 §7.1).
    mutating func writeChunk(_ content: ByteBuffer) {
        writeString(String(content.readableBytes, radix: 16))
        writeStaticString("\r\n")
        writeImmutableBuffer(content)
        writeStaticString("\r\n")
    }
}
