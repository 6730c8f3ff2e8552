/// The fields that mean something to whoever passes messages on; any other passes as it came.
public enum FieldName: UInt8, Sendable {
    case other
    case authorization, apiKey, connection, contentLength, cookie, date, expect, host, idempotencyKey
    case rateLimit, requestID, traceparent, transferEncoding, upgrade
    /// A field that is about one connection only (RFC 9110 §7.6.1).
    case hopByHop
    /// A field that tells who asked: only the gateway says that.
    case forwarded

    /// The field whose name stands at `range`.
    public init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        switch range.count {
        case 2 where bytes.matches("te", at: range): self = .hopByHop
        case 4 where bytes.matches("host", at: range): self = .host
        case 4 where bytes.matches("date", at: range): self = .date
        case 6 where bytes.matches("cookie", at: range): self = .cookie
        case 6 where bytes.matches("expect", at: range): self = .expect
        case 7 where bytes.matches("upgrade", at: range): self = .upgrade
        case 9 where bytes.matches("x-api-key", at: range): self = .apiKey
        case 9 where bytes.matches("x-real-ip", at: range): self = .forwarded
        case 9 where bytes.matches("forwarded", at: range): self = .forwarded
        case 10 where bytes.matches("connection", at: range): self = .connection
        case 10 where bytes.matches("keep-alive", at: range): self = .hopByHop
        case 11 where bytes.matches("traceparent", at: range): self = .traceparent
        case 12 where bytes.matches("x-request-id", at: range): self = .requestID
        case 13 where bytes.matches("authorization", at: range): self = .authorization
        case 14 where bytes.matches("content-length", at: range): self = .contentLength
        case 15 where bytes.matches("idempotency-key", at: range): self = .idempotencyKey
        case 16 where bytes.matches("proxy-connection", at: range): self = .hopByHop
        case 17 where bytes.matches("transfer-encoding", at: range): self = .transferEncoding
        case 15... where bytes.hasPrefix("x-forwarded-", at: range): self = .forwarded
        case 15... where bytes.hasPrefix("ratelimit-", at: range): self = .rateLimit
        default: self = .other
        }
    }
}

/// Where one field of a head stands in its bytes.
public struct FieldLine: Sendable {
    public let field: FieldName
    public let name: Range<Int>
    public let value: Range<Int>
    /// The whole line with its CR LF.
    public let line: Range<Int>

    /// Reads `line`, given without its CR LF.
    ///
    /// - Throws: `MessageError.malformed` for a name that is no token, white space before the colon, a folded line or
    ///   a control character (RFC 9112 §5).
    public init(_ bytes: Span<UInt8>, line: Range<Int>) throws(MessageError) {
        var colon = line.lowerBound
        while colon < line.upperBound, ByteSet.token.contains(bytes[colon]) { colon += 1 }
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == ASCII.colon else {
            throw .malformed("a field line must be a name, a colon and a value")
        }
        name = line.lowerBound..<colon
        value = bytes.trimmed(colon + 1..<line.upperBound)
        self.line = line.lowerBound..<line.upperBound + 2
        for index in value where !ASCII.isFieldContent(bytes[index]) {
            throw .malformed("a field value holds a control character")
        }
        field = FieldName(bytes, name)
    }
}
