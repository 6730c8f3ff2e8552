import HTTPWire
import NIOCore

/// What becomes of a service's answer on a route with `gzip`, and what its head says of that.
enum ResponseCompression {
    /// It passes as it is.
    case none
    /// It passes as it is, but others get it compressed.
    case varies
    /// It is compressed.
    case gzip
    /// The client has it already, compressed, by a weak tag.
    case unchanged

    /// Bytes; what is smaller fits into the packet of its head.
    private static let threshold = 1024

    /// - Parameters:
    ///   - bytes: what `head` was read from.
    ///   - isAccepted: whether the client takes gzip.
    ///   - hasWeak: whether the client asked for what differs from a weak tag, as compressed answers have.
    init(_ head: ResponseHead, _ bytes: Span<UInt8>, isAccepted: Bool, hasWeak: Bool) {
        self = .none
        if head.status == 304 {
            self = isAccepted && hasWeak ? .unchanged : .varies
            return
        }
        guard head.status == 200, (head.contentLength ?? .max) > Self.threshold else { return }
        var isCompressible = false
        for field in head.fields where field.field == .other {
            switch field.name.count {
            case 12 where bytes.matches("content-type", at: field.name):
                isCompressible = Self.isCompressible(bytes, field.value)
            case 13 where bytes.matches("cache-control", at: field.name):
                var rest = field.value
                while let directive = bytes.nextListMember(&rest) {
                    // RFC 9111 §5.2.2.6.
                    if bytes.matches("no-transform", at: directive) { return }
                }
            case 16 where bytes.matches("content-encoding", at: field.name): return
            // Digests of the content as it is.
            case 11 where bytes.matches("content-md5", at: field.name) || bytes.matches("repr-digest", at: field.name),
                14 where bytes.matches("content-digest", at: field.name):
                return
            default: break
            }
        }
        if isCompressible { self = isAccepted ? .gzip : .varies }
    }

    /// Whether gzip makes content of the media type at `range` smaller. Events must not wait for each other.
    static func isCompressible(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let end = bytes.index(of: ASCII.semicolon, in: range) ?? range.upperBound
        let type = bytes.trimmed(range.lowerBound..<end)
        if bytes.hasPrefix("text/", at: type) { return !bytes.matches("text/event-stream", at: type) }
        if suffixes.contains(where: { $0.ends(bytes, type) }) { return true }
        return types.contains { $0.equals(bytes, type) }
    }

    private static let suffixes = [LowercasedText("+json"), LowercasedText("+xml"), LowercasedText("+yaml")]
    private static let types = ["json", "javascript", "xml", "yaml", "x-ndjson", "wasm"].map {
        LowercasedText("application/\($0)")
    }

    // MARK: The head

    /// Whether the service's field gives way to one of the gateway's, or to none.
    func replaces(_ field: FieldLine, _ bytes: Span<UInt8>) -> Bool {
        switch self {
        case .none, .varies: false
        case .unchanged: bytes.matches("etag", at: field.name)
        case .gzip:
            field.field == .contentLength || bytes.matches("etag", at: field.name)
                || bytes.matches("accept-ranges", at: field.name)
        }
    }

    /// Writes what the head of an answer has in place of what was replaced, and in addition.
    ///
    /// The bytes are others than those that a strong tag stands for (RFC 9110 §8.8.1).
    func write(into out: inout ByteBuffer, _ head: ResponseHead, _ bytes: Span<UInt8>, _ rules: ResponseRules) {
        var varies = false
        for field in head.fields where field.field == .other {
            if self != .varies, bytes.matches("etag", at: field.name), !rules.drops(bytes, field.name) {
                out.writeStaticString(bytes.hasPrefix("w/", at: field.value) ? "ETag: " : "ETag: W/")
                out.write(bytes, field.value)
                out.writeStaticString("\r\n")
            } else if bytes.matches("vary", at: field.name) {
                var rest = field.value
                while let name = bytes.nextListMember(&rest) {
                    varies = varies || bytes.matches("accept-encoding", at: name) || bytes.equals("*", at: name)
                }
            }
        }
        if !varies { out.writeStaticString("Vary: Accept-Encoding\r\n") }
        if self == .gzip { out.writeStaticString("Content-Encoding: gzip\r\n") }
    }
}
