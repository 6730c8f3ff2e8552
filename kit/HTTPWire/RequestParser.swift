/// The sizes at which a head is refused.
public struct HeadLimits: Sendable {
    /// Bytes of the request target.
    public var target: Int
    /// Bytes of the whole head.
    public var head: Int
    /// Field lines.
    public var fields: Int

    public init(target: Int = 8 * 1024, head: Int = 16 * 1024, fields: Int = 100) {
        self.target = target
        self.head = head
        self.fields = fields
    }
}

/// Reads request heads (RFC 9112 §3, §5) from bytes as they come.
///
/// Whatever could be understood in two ways is refused, since this reader and another one behind it might then see
/// different requests (RFC 9112 §11.2).
public struct RequestParser {
    /// What a head is refused for.
    public enum Strictness: Sendable {
        /// Whatever the RFCs forbid.
        case full
        /// The same without what does not bear on where messages begin and end, an unknown host or expectation: for one
        /// who leaves to others what it does not understand.
        case framing
    }

    private let limits: HeadLimits
    private let strictness: Strictness
    private var scanner = LineScanner()
    private var hasRequestLine = false
    private var contentLength: Int?
    private var isChunked = false
    private var asksForUpgrade = false
    /// Names in `Connection` besides those that are known here.
    private static let mostConnectionOptions = 16
    private var upgradeIsWebSocket = false
    private var authority: Range<Int>?

    public init(limits: HeadLimits, strictness: Strictness = .full) {
        self.limits = limits
        self.strictness = strictness
    }

    /// Continues with `bytes`, which begin where the head begins and have only grown since the last call.
    ///
    /// - Returns: the length of the head once it is whole; `head` is complete then.
    public mutating func parse(_ bytes: Span<UInt8>, into head: inout RequestHead) throws(MessageError) -> Int? {
        while let line = try scanner.next(in: bytes) {
            guard scanner.lineStart <= limits.head else { throw .headTooLarge }
            if line.isEmpty {
                // An empty line before the request line is skipped (RFC 9112 §2.2).
                guard hasRequestLine else { continue }
                let length = scanner.lineStart
                try finish(bytes, &head)
                self = RequestParser(limits: limits, strictness: strictness)
                return length
            }
            if hasRequestLine {
                try field(bytes, line, &head)
            } else {
                head.reset()
                try requestLine(bytes, line, &head)
                hasRequestLine = true
            }
        }
        if !hasRequestLine, bytes.count - scanner.lineStart > limits.target + 32 { throw .targetTooLong }
        guard bytes.count <= limits.head else { throw .headTooLarge }
        return nil
    }

    // MARK: The request line

    private mutating func requestLine(
        _ bytes: Span<UInt8>, _ line: Range<Int>, _ head: inout RequestHead
    ) throws(MessageError) {
        guard let first = bytes.index(of: ASCII.space, in: line),
            let second = bytes.index(of: ASCII.space, in: first + 1..<line.upperBound),
            first > line.lowerBound, bytes.all(in: .token, at: line.lowerBound..<first)
        else { throw .malformed("a request line must be a method, a target and a version") }
        head.methodName = line.lowerBound..<first
        head.method = HTTPMethod(bytes, head.methodName)
        let version = second + 1..<line.upperBound
        guard version.count == 8, bytes.equals("HTTP/1.", at: version.lowerBound..<version.upperBound - 1) else {
            if version.count == 8, bytes.equals("HTTP/", at: version.lowerBound..<version.lowerBound + 5) {
                throw .unsupportedVersion
            }
            throw .malformed("a request line must end with the version")
        }
        switch bytes[version.upperBound - 1] {
        case ASCII.zero: head.minorVersion = 0
        case ASCII.zero + 1: head.minorVersion = 1
        default: throw .unsupportedVersion
        }
        try target(bytes, first + 1..<second, &head)
    }

    private mutating func target(
        _ bytes: Span<UInt8>, _ target: Range<Int>, _ head: inout RequestHead
    ) throws(MessageError) {
        guard target.count <= limits.target else { throw .targetTooLong }
        var rest = target
        if bytes.hasPrefix("http://", at: target) {
            var end = target.lowerBound + 7
            while end < target.upperBound, bytes[end] != ASCII.slash, bytes[end] != ASCII.question { end += 1 }
            authority = target.lowerBound + 7..<end
            rest = end..<target.upperBound
        } else if target.isEmpty || bytes[target.lowerBound] != ASCII.slash {
            throw .malformed("a request target must begin with a slash")
        }
        let pathEnd = bytes.index(of: ASCII.question, in: rest) ?? rest.upperBound
        head.path = rest.lowerBound..<pathEnd
        head.query = pathEnd..<rest.upperBound
        for index in head.query where bytes[index] < 128 && !ByteSet.query.contains(bytes[index]) {
            throw .malformed("the query holds a character that must be percent-encoded")
        }
    }

    // MARK: The fields

    private mutating func field(
        _ bytes: Span<UInt8>, _ line: Range<Int>, _ head: inout RequestHead
    ) throws(MessageError) {
        guard head.fields.count < limits.fields else { throw .headTooLarge }
        let field = try FieldLine(bytes, line: line)
        head.fields.append(field)
        switch field.field {
        case .host:
            let isSole = head.host == nil && !field.value.isEmpty && bytes.all(in: .host, at: field.value)
            guard isSole || strictness == .framing else {
                throw .malformed("there must be one Host, and it must be a host")
            }
            head.host = field.value
        case .contentLength:
            guard contentLength == nil else { throw .malformed("there are two Content-Length") }
            contentLength = try BodyFraming.length(bytes, field.value)
        case .transferEncoding:
            guard !isChunked, bytes.matches("chunked", at: field.value) else {
                throw .malformed("the only Transfer-Encoding accepted is chunked")
            }
            isChunked = true
        case .connection: try connection(bytes, field.value, &head)
        case .upgrade: upgradeIsWebSocket = bytes.matches("websocket", at: field.value)
        case .expect:
            head.expectsContinue = bytes.matches("100-continue", at: field.value)
            guard head.expectsContinue || strictness == .framing else { throw .unknownExpectation }
        case .authorization:
            guard head.authorization == nil else { throw .malformed("there are two Authorization") }
            head.authorization = field.value
        case .apiKey: head.apiKey = field.value
        case .cookie: sessionCookie(bytes, field.value, &head)
        case .requestID: head.requestID = field.value
        case .traceparent: head.traceparent = head.traceparent == nil ? field.value : 0..<0
        case .idempotencyKey: head.hasIdempotencyKey = true
        case .other, .date, .rateLimit, .hopByHop, .forwarded: break
        }
    }

    private mutating func connection(
        _ bytes: Span<UInt8>, _ value: Range<Int>, _ head: inout RequestHead
    ) throws(MessageError) {
        var rest = value
        while let option = bytes.nextListMember(&rest) {
            if bytes.matches("close", at: option) {
                head.closes = true
            } else if bytes.matches("keep-alive", at: option) {
                head.keepsAlive = true
            } else if bytes.matches("upgrade", at: option) {
                asksForUpgrade = true
            } else {
                // Each field of the head is compared with all of them.
                guard head.connectionOptions.count < Self.mostConnectionOptions else { throw .headTooLarge }
                head.connectionOptions.append(option)
            }
        }
    }

    /// Finds the first `session_token` among the pairs of a `Cookie` (RFC 6265 §4.2.1). Who limits requests by it must
    /// take the same as who answers them.
    private func sessionCookie(_ bytes: Span<UInt8>, _ value: Range<Int>, _ head: inout RequestHead) {
        let name: StaticString = "session_token="
        let length = name.utf8CodeUnitCount
        var start = value.lowerBound
        while head.sessionCookie == nil, start < value.upperBound {
            let end = bytes.index(of: ASCII.semicolon, in: start..<value.upperBound) ?? value.upperBound
            let pair = bytes.trimmed(start..<end)
            if pair.count >= length, bytes.equals(name, at: pair.lowerBound..<pair.lowerBound + length) {
                head.sessionCookie = pair.lowerBound + length..<pair.upperBound
            }
            start = end + 1
        }
    }

    private func finish(_ bytes: Span<UInt8>, _ head: inout RequestHead) throws(MessageError) {
        guard head.minorVersion == 1 || !isChunked else {
            throw .malformed("HTTP/1.0 has no Transfer-Encoding")
        }
        if strictness == .full { try checkHost(bytes, head) }
        head.framing = try BodyFraming(length: contentLength, isChunked: isChunked)
        head.upgradesToWebSocket =
            asksForUpgrade && upgradeIsWebSocket && head.method == .get && head.framing == .none
            && head.minorVersion == 1
    }

    private func checkHost(_ bytes: Span<UInt8>, _ head: RequestHead) throws(MessageError) {
        guard head.minorVersion == 0 || head.host != nil else { throw .malformed("Host is missing") }
        guard let authority else { return }
        guard let host = head.host, bytes.equalsIgnoringCase(authority, host) else {
            throw .malformed("the target and Host name different hosts")
        }
    }
}
