import HTTPWire

/// A response's status line and fields, as places in the bytes that they came in.
struct ResponseHead {
    var status = 0
    /// Status code and reason, as they came.
    var statusText = 0..<0
    var minorVersion = 1
    var fields: [FieldLine] = []

    var connectionOptions: [Range<Int>] = []
    var contentLength: Int?
    var isChunked = false
    var closes = false
    var keepsAlive = false
    var hasDate = false
    var hasRateLimit = false

    var persists: Bool { minorVersion == 1 ? !closes : keepsAlive && !closes }

    /// An answer before the answer: 100, 102, 103 (RFC 9110 §15.2).
    var isInterim: Bool { (100..<200).contains(status) && status != 101 }

    /// Whether fields may tell how long the body is (RFC 9110 §8.6, RFC 9112 §6.1); a client that believed them behind
    /// one of the other statuses would take the next response for a body.
    var mayHaveFraming: Bool { status >= 200 && status != 204 }

    mutating func reset() {
        var fields = fields
        fields.removeAll(keepingCapacity: true)
        self = ResponseHead(fields: fields)
    }

    /// The framing of the body (RFC 9112 §6.3); a response to HEAD has none.
    func framing(toHead: Bool) throws(MessageError) -> BodyFraming {
        guard contentLength == nil || !isChunked else {
            throw .malformed("Content-Length and Transfer-Encoding exclude each other")
        }
        guard minorVersion == 1 || !isChunked else { throw .malformed("HTTP/1.0 has no Transfer-Encoding") }
        if toHead || status == 204 || status == 304 || status < 200 { return .none }
        if isChunked { return .chunked }
        guard let contentLength else { return .untilClose }
        return contentLength == 0 ? .none : .length(contentLength)
    }
}

/// Reads response heads (RFC 9112 §4, §5) from bytes as they come.
struct ResponseParser {
    /// Bytes of a response head; services set cookies and policies, but no more than this.
    private static let headLimit = 64 * 1024

    private var scanner = LineScanner()
    private var hasStatusLine = false

    /// Continues with `bytes`, which begin where the head begins and have only grown since the last call.
    ///
    /// - Returns: the length of the head once it is whole; `head` is complete then.
    mutating func parse(_ bytes: Span<UInt8>, into head: inout ResponseHead) throws(MessageError) -> Int? {
        while let line = try scanner.next(in: bytes) {
            if line.isEmpty, hasStatusLine {
                let length = scanner.lineStart
                self = ResponseParser()
                return length
            }
            if hasStatusLine {
                try field(bytes, line, &head)
            } else {
                head.reset()
                try statusLine(bytes, line, &head)
                hasStatusLine = true
            }
        }
        guard bytes.count <= Self.headLimit else { throw .headTooLarge }
        return nil
    }

    private func statusLine(
        _ bytes: Span<UInt8>, _ line: Range<Int>, _ head: inout ResponseHead
    ) throws(MessageError) {
        // "HTTP/1.1 200" and, mostly, a space and a reason.
        guard line.count >= 12, bytes.equals("HTTP/1.", at: line.lowerBound..<line.lowerBound + 7),
            (ASCII.zero...ASCII.zero + 1).contains(bytes[line.lowerBound + 7]),
            bytes[line.lowerBound + 8] == ASCII.space, line.count == 12 || bytes[line.lowerBound + 12] == ASCII.space
        else { throw .malformed("not a status line") }
        head.minorVersion = bytes[line.lowerBound + 7] == ASCII.zero ? 0 : 1
        head.statusText = line.lowerBound + 9..<line.upperBound
        for index in head.statusText where !ASCII.isFieldContent(bytes[index]) {
            throw .malformed("a reason holds a control character")
        }
        head.status = try BodyFraming.length(bytes, line.lowerBound + 9..<line.lowerBound + 12)
        guard (100..<600).contains(head.status) else { throw .malformed("not a status code") }
    }

    private func field(_ bytes: Span<UInt8>, _ line: Range<Int>, _ head: inout ResponseHead) throws(MessageError) {
        let field = try FieldLine(bytes, line: line)
        head.fields.append(field)
        switch field.field {
        case .contentLength:
            guard head.contentLength == nil else { throw .malformed("there are two Content-Length") }
            head.contentLength = try BodyFraming.length(bytes, field.value)
        case .transferEncoding:
            guard !head.isChunked, bytes.matches("chunked", at: field.value) else {
                throw .malformed("the only Transfer-Encoding accepted is chunked")
            }
            head.isChunked = true
        case .connection:
            var rest = field.value
            while let option = bytes.nextListMember(&rest) {
                if bytes.matches("close", at: option) {
                    head.closes = true
                } else if bytes.matches("keep-alive", at: option) {
                    head.keepsAlive = true
                } else {
                    head.connectionOptions.append(option)
                }
            }
        case .date: head.hasDate = true
        case .rateLimit: head.hasRateLimit = true
        default: break
        }
    }
}
