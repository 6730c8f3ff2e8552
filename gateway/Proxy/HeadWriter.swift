import HTTPWire
import NIOCore

/// What services are told about a client (RFC 7239 §8.1 names these fields' trouble: they are worth something only as long
/// as nobody outside can write them, so any that come are dropped).
struct ForwardedFields {
    /// The fields themselves, each with its CR LF.
    let lines: ByteBuffer

    init(_ address: SocketAddress?, scheme: String) {
        let text = address?.ipAddress ?? "unknown"
        // An address of IPv6 stands in brackets, which only a quoted string may have (§6).
        let node = address?.protocol == .inet6 ? "\"[\(text)]\"" : text
        lines = ByteBuffer(
            string:
                "Forwarded: for=\(node);proto=\(scheme)\r\nX-Forwarded-For: \(text)\r\nX-Forwarded-Proto: \(scheme)\r\n"
        )
    }
}

extension RequestHead {
    /// Writes the head as the service gets it: the fields that are about the client's connection out
    /// (RFC 9110 §7.6.1), those that the gateway vouches for in.
    ///
    /// - Parameters:
    ///   - bytes: what this head was read from.
    ///   - trace: `traceparent`.
    ///   - upgrade: whether to ask the service for a WebSocket.
    func write(
        into out: inout ByteBuffer, bytes: Span<UInt8>, forwarded: ForwardedFields, requestID: ByteBuffer,
        trace: ByteBuffer, upgrade: Bool
    ) {
        out.write(bytes, methodName)
        out.writeInteger(ASCII.space)
        if path.isEmpty { out.writeInteger(ASCII.slash) }
        out.write(bytes, path.lowerBound..<query.upperBound)
        out.writeStaticString(" HTTP/1.1\r\nHost: ")
        if let host { out.write(bytes, host) }
        out.writeStaticString("\r\n")
        out.writeFields(fields, of: bytes, options: connectionOptions) { $0.field.isEndToEndInRequest }
        if framing == .chunked { out.writeStaticString("Transfer-Encoding: chunked\r\n") }
        out.writeImmutableBuffer(forwarded.lines)
        if let host {
            out.writeStaticString("X-Forwarded-Host: ")
            out.write(bytes, host)
            out.writeStaticString("\r\n")
        }
        out.writeStaticString("X-Request-ID: ")
        out.writeImmutableBuffer(requestID)
        out.writeStaticString("\r\ntraceparent: ")
        out.writeImmutableBuffer(trace)
        out.writeStaticString(upgrade ? "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" : "\r\n\r\n")
    }
}

/// What the client's connection adds to a response.
struct ResponseContext {
    var requestID: ByteBuffer
    var rate: RateDecision?
    /// Whether this is the last response on the connection.
    var closes: Bool
    /// Whether the client speaks HTTP/1.0, where staying open must be said.
    var isHTTP10: Bool
    /// The time as it stands in `Date`.
    var date: ByteBuffer
    /// Whether the client came by HTTPS.
    var isSecure = false
    /// Whether an answer of the gateway's own may be gzip.
    var acceptsGzip = false
    var rules = ResponseRules.none
    /// What becomes of the body of a service's answer.
    var compression = ResponseCompression.none
    /// The origin of the page that asks, where it may read the answer; else empty.
    var pageOrigin = ByteBuffer()
}

extension ResponseHead {
    /// Writes the head as the client gets it.
    ///
    /// - Parameter bytes: what this head was read from.
    func write(into out: inout ByteBuffer, bytes: Span<UInt8>, context: ResponseContext) {
        out.writeStaticString("HTTP/1.1 ")
        out.write(bytes, statusText)
        out.writeStaticString("\r\n")
        let rules = status == 101 ? .none : context.rules
        let compression = context.compression
        out.writeFields(fields, of: bytes, options: connectionOptions) { field in
            field.field.isEndToEndInResponse && (field.field != .contentLength || mayHaveFraming)
                && !rules.drops(bytes, field.name) && !compression.replaces(field, bytes)
        }
        if compression != .none { compression.write(into: &out, self, bytes, rules) }
        rules.write(
            into: &out, status: status, isOwn: false, isSecure: context.isSecure, origin: context.pageOrigin
        ) { has($0, in: bytes) }
        if isChunked || compression == .gzip, mayHaveFraming, !context.isHTTP10 {
            out.writeStaticString("Transfer-Encoding: chunked\r\n")
        }
        if !hasDate { out.writeDate(context.date) }
        if let rate = context.rate, !hasRateLimit { out.writeRateLimit(rate) }
        if status == 101 {
            out.writeRequestID(context.requestID)
            out.writeStaticString("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        } else {
            out.writeEnd(context)
        }
    }
}

extension ResponseHead {
    private func has(_ name: LowercasedText, in bytes: Span<UInt8>) -> Bool {
        for field in fields where name.equals(bytes, field.name) { return true }
        return false
    }
}

extension LocalResponse {
    /// Writes the head and, unless the request was HEAD, the body, if it is not larger than `limit`.
    ///
    /// - Returns: a larger body, which is to follow; else nothing.
    func write(
        into out: inout ByteBuffer, context: ResponseContext, toHead: Bool, copying limit: Int
    ) -> ByteBuffer {
        let encoded = context.acceptsGzip && !toHead ? gzipped : nil
        let content = encoded ?? body
        out.writeStaticString("HTTP/1.1 ")
        out.writeDecimal(status)
        out.writeInteger(ASCII.space)
        out.writeStaticString(HTTPStatus.reason(status))
        out.writeStaticString("\r\n")
        if status != 304, status != 204 {
            out.writeStaticString("Content-Type: ")
            out.writeString(contentType)
            out.writeStaticString("\r\nContent-Length: ")
            out.writeDecimal(content.readableBytes)
            out.writeStaticString(encoded == nil ? "\r\n" : "\r\nContent-Encoding: gzip\r\n")
            if gzipped != nil { out.writeStaticString("Vary: Accept-Encoding\r\n") }
        }
        let rules = context.rules
        for (name, value) in fields where !rules.drops(name.utf8.span, 0..<name.utf8.count) {
            out.writeString("\(name): \(value)\r\n")
        }
        rules.write(
            into: &out, status: status, isOwn: true, isSecure: context.isSecure, origin: context.pageOrigin
        ) { fallback in fields.contains { fallback.equals($0.name.utf8.span, 0..<$0.name.utf8.count) } }
        out.writeDate(context.date)
        if let rate = context.rate { out.writeRateLimit(rate) }
        out.writeEnd(context)
        if toHead || status == 304 || status == 204 { return ByteBuffer() }
        guard content.readableBytes <= limit else { return content }
        out.writeImmutableBuffer(content)
        return ByteBuffer()
    }
}

extension ByteBuffer {
    /// Copies the lines of the fields that pass, in runs as long as they are.
    fileprivate mutating func writeFields(
        _ fields: [FieldLine], of bytes: Span<UInt8>, options: [Range<Int>], passing: (FieldLine) -> Bool
    ) {
        var run = 0..<0
        for field in fields {
            // Naming a field in Connection that the gateway itself goes by, such as Content-Length or Authorization,
            // must not keep it from the other side: both have to see the same message.
            let isOption = field.field == .other && options.contains { bytes.equalsIgnoringCase($0, field.name) }
            let passes = passing(field) && !isOption
            if passes, run.upperBound == field.line.lowerBound {
                run = run.lowerBound..<field.line.upperBound
            } else {
                write(bytes, run)
                run = passes ? field.line : 0..<0
            }
        }
        write(bytes, run)
    }

    fileprivate mutating func writeDate(_ date: ByteBuffer) {
        writeStaticString("Date: ")
        writeImmutableBuffer(date)
        writeStaticString("\r\n")
    }

    fileprivate mutating func writeRateLimit(_ rate: RateDecision) {
        writeStaticString("RateLimit-Limit: ")
        writeDecimal(rate.limit)
        writeStaticString("\r\nRateLimit-Remaining: ")
        writeDecimal(rate.remaining)
        writeStaticString("\r\nRateLimit-Reset: ")
        writeDecimal(rate.reset)
        writeStaticString("\r\n")
    }

    fileprivate mutating func writeRequestID(_ requestID: ByteBuffer) {
        writeStaticString("X-Request-ID: ")
        writeImmutableBuffer(requestID)
        writeStaticString("\r\n")
    }

    /// The fields that stand last in every head, and its end.
    fileprivate mutating func writeEnd(_ context: ResponseContext) {
        writeRequestID(context.requestID)
        if context.closes {
            writeStaticString("Connection: close\r\n\r\n")
        } else {
            writeStaticString(context.isHTTP10 ? "Connection: keep-alive\r\n\r\n" : "\r\n")
        }
    }
}

extension FieldName {
    fileprivate var isEndToEndInRequest: Bool {
        switch self {
        case .other, .authorization, .apiKey, .contentLength, .cookie, .date, .idempotencyKey, .rateLimit: true
        case .connection, .expect, .host, .requestID, .traceparent, .transferEncoding, .upgrade, .hopByHop,
            .forwarded:
            false
        }
    }

    fileprivate var isEndToEndInResponse: Bool {
        switch self {
        case .connection, .requestID, .transferEncoding, .upgrade, .hopByHop: false
        default: true
        }
    }
}
