import HTTPTypes
import HTTPWire
import Identity
import NIOCore

/// The head of a request that asks for nothing unusual: JSON in and out, whole and not large, over a connection that
/// stays.
///
/// It is read in place; text is made of only what is asked for.
public struct DirectHead {
    /// Bytes of a body; what is larger is left to the routes, since reading it holds up the other connections of the loop.
    private static let longestBody = 64 * 1024

    public let method: HTTPRequest.Method
    /// 0 for a GET.
    let bodyLength: Int
    /// Begins with the head.
    let bytes: ByteBuffer
    let head: RequestHead
    private var forwardedProto: Range<Int>?

    /// - Parameter bytes: What the head was read from.
    /// - Returns: Nil for the head of any other request.
    init?(_ head: RequestHead, of bytes: ByteBuffer) {
        guard let method = HTTPRequest.Method(direct: head.method), head.minorVersion == 1,
            let length = Self.bodyLength(head.framing, method)
        else { return nil }
        self.method = method
        bodyLength = length
        self.bytes = bytes
        self.head = head
        var seen = FieldsSeen()
        let span = bytes.readableBytesUInt8Span
        for field in head.fields {
            switch field.field {
            case .contentLength where method == .get: return nil
            case .transferEncoding, .expect, .upgrade: return nil
            case .connection: guard span.matches("keep-alive", at: field.value) else { return nil }
            case .apiKey: guard seen.isFirst(.apiKey) else { return nil }
            case .requestID: guard seen.isFirst(.requestID) else { return nil }
            case .forwarded where span.matches("x-forwarded-proto", at: field.name):
                guard seen.isFirst(.forwardedProto) else { return nil }
                forwardedProto = field.value
            case .other:
                switch field.name.count {
                case 6 where span.matches("accept", at: field.name):
                    guard span.acceptsJSON(at: field.value) else { return nil }
                case 12 where span.matches("content-type", at: field.name):
                    guard seen.isFirst(.contentType), span.isTypeOfJSON(at: field.value) else { return nil }
                case 16 where span.matches("content-encoding", at: field.name): return nil
                default: break
                }
            default: break
            }
        }
    }

    private static func bodyLength(_ framing: BodyFraming, _ method: HTTPRequest.Method) -> Int? {
        switch framing {
        case .none where method == .get: 0
        case .length(let length) where length <= longestBody: length
        default: nil
        }
    }

    /// The path as it came.
    public var path: String { bytes.readableBytesUInt8Span.string(at: head.path) }

    /// Whether there is a query, if only an empty one.
    public var hasQuery: Bool { !head.query.isEmpty }

    /// The query as it came, without its question mark.
    public var query: String { bytes.readableBytesUInt8Span.string(at: head.query.dropFirst()) }

    /// The value of the first field of that name, in whatever case it is written.
    public subscript(name: String) -> String? {
        let span = bytes.readableBytesUInt8Span
        let name = name.lowercased()
        return head.fields.first { span.string(at: $0.name).lowercased() == name }.map { span.string(at: $0.value) }
    }

    /// Whether the browser's connection to the gateway is encrypted.
    var isSecure: Bool { forwardedProto.map { bytes.readableBytesUInt8Span.matches("https", at: $0) } ?? false }

    /// `X-Request-ID`, when it is fit to be passed on.
    var requestID: String? {
        head.requestID.flatMap { RequestID.accepted(bytes.readableBytesUInt8Span.extracting($0)) }
    }

    /// The value of `traceparent`.
    func traceparent<Value>(_ read: (Span<UInt8>) -> Value?) -> Value? {
        head.traceparent.flatMap { read(bytes.readableBytesUInt8Span.extracting($0)) }
    }
}

/// The fields of which there must not be two: it would be for the routes to say what that means.
private struct FieldsSeen: OptionSet {
    let rawValue: UInt8

    static let apiKey = FieldsSeen(rawValue: 1)
    static let requestID = FieldsSeen(rawValue: 2)
    static let forwardedProto = FieldsSeen(rawValue: 4)
    static let contentType = FieldsSeen(rawValue: 8)

    mutating func isFirst(_ field: FieldsSeen) -> Bool { insert(field).inserted }
}

extension HTTPRequest.Method {
    /// A method that ``DirectRoute``s have.
    fileprivate init?(direct method: HTTPWire.HTTPMethod?) {
        switch method {
        case .get: self = .get
        case .post: self = .post
        default: return nil
        }
    }
}

extension Span where Element == UInt8 {
    /// What nearly every client sends is compared as it is, before text is made of it.
    fileprivate func acceptsJSON(at range: Range<Int>) -> Bool {
        equals("*/*", at: range) || equals("application/json", at: range)
            || Negotiation.accept(string(at: range), admits: .json)
    }

    fileprivate func isTypeOfJSON(at range: Range<Int>) -> Bool {
        equals("application/json", at: range) || MediaTypeName(contentType: string(at: range)) == .json
    }
}
