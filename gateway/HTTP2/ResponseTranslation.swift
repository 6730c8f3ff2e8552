import HTTPWire
import NIOCore
import NIOHPACK
import NIOHTTP2

/// The bytes of an HTTP/1.1 response as the frames that HTTP/2 has for it.
struct ResponseTranslation {
    private enum State {
        case head
        case body(BodyReader)
        case ended
    }

    private var state = State.head
    private var parser = ResponseParser()
    private var head = ResponseHead()
    /// A piece of content that has not gone out yet, as it may be the last one.
    private var content: ByteBuffer?
    /// The fields behind the content, each with its CR LF.
    private var trailers = ByteBuffer()
    /// The last frame of a response that is complete but for END_STREAM, which is set once nothing else is to come.
    private(set) var last: HTTP2Frame.FramePayload?

    /// The frame that ends the stream: nil while there is more to come.
    var end: HTTP2Frame.FramePayload? {
        switch (last, state) {
        case (.headers(let frame), _):
            return .headers(.init(headers: frame.headers, endStream: true))
        case (.data(let frame), _):
            return .data(.init(data: frame.data, endStream: true))
        case (_, .body(let reader)) where reader.endsWithConnection:
            return .data(.init(data: .byteBuffer(ByteBuffer()), endStream: true))
        default:
            return nil
        }
    }

    /// The next frame of what `bytes` hold; nil when they are used up.
    ///
    /// - Parameter isHead: whether the request was HEAD.
    /// - Throws: `MessageError` for what is no response, which the gateway does not write.
    mutating func next(_ bytes: inout ByteBuffer, isHead: Bool) throws(MessageError) -> HTTP2Frame.FramePayload? {
        while bytes.readableBytes > 0 {
            switch state {
            case .head:
                if let frame = try readHead(&bytes, isHead: isHead) { return frame }
            case .body(let reader):
                if let content = try readBody(&bytes, reader) { return .content(content) }
            case .ended:
                // A head that could not be read is answered with content, whatever its method was.
                guard isHead else { throw .malformed("there are bytes behind the end of a response") }
                bytes.moveReaderIndex(to: bytes.writerIndex)
            }
        }
        defer { content = nil }
        return content.map { .content($0) }
    }

    /// Reads a head, which is always written in one piece.
    private mutating func readHead(
        _ bytes: inout ByteBuffer, isHead: Bool
    ) throws(MessageError) -> HTTP2Frame.FramePayload? {
        guard let length = try parser.parse(bytes.readableBytesUInt8Span, into: &head) else {
            throw .malformed("there is no whole head")
        }
        let frame = HTTP2Frame.FramePayload.headers(.init(headers: head.headers(bytes.readableBytesUInt8Span)))
        bytes.moveReaderIndex(forwardBy: length)
        if head.isInterim { return frame }
        let reader = BodyReader(try head.framing(toHead: isHead), trailers: .any)
        guard !reader.isDone else {
            state = .ended
            last = frame
            return nil
        }
        state = .body(reader)
        return frame
    }

    /// Reads a run of content or of what frames it.
    ///
    /// - Returns: the piece of content before this one.
    private mutating func readBody(
        _ bytes: inout ByteBuffer, _ body: BodyReader
    ) throws(MessageError) -> ByteBuffer? {
        var reader = body
        var before: ByteBuffer?
        switch try reader.next(in: bytes.readableBytesUInt8Span, from: 0) {
        case .framing(let count): bytes.moveReaderIndex(forwardBy: count)
        case .trailer(let count):
            if let line = bytes.readSlice(length: count) { trailers.writeImmutableBuffer(line) }
        case .content(let count):
            before = content
            content = bytes.readSlice(length: count)
        case nil: break
        }
        state = .body(reader)
        if reader.isDone {
            state = .ended
            if let fields = try readTrailers() {
                last = .headers(.init(headers: fields))
                // Nothing but content comes with a piece before it.
                before = content
            } else {
                last = .content(content ?? ByteBuffer())
            }
            content = nil
        }
        return before
    }

    /// - Returns: nil where there are none that HTTP/2 may have.
    private func readTrailers() throws(MessageError) -> HPACKHeaders? {
        let bytes = trailers.readableBytesUInt8Span
        var scanner = LineScanner()
        var headers = HPACKHeaders()
        while let line = try scanner.next(in: bytes) {
            let field = try FieldLine(bytes, line: line)
            if field.field == .other { headers.add(field, of: bytes) }
        }
        return headers.isEmpty ? nil : headers
    }
}

extension HPACKHeaders {
    /// Adds a field with its name in lower case (RFC 9113 §8.2.1).
    fileprivate mutating func add(_ field: FieldLine, of bytes: Span<UInt8>) {
        add(name: bytes.string(at: field.name).lowercased(), value: bytes.string(at: field.value))
    }
}

extension HTTP2Frame.FramePayload {
    fileprivate static func content(_ bytes: ByteBuffer) -> HTTP2Frame.FramePayload {
        .data(.init(data: .byteBuffer(bytes)))
    }
}

extension ResponseHead {
    /// The head as HTTP/2 has it: names in lower case, and nothing about a connection (RFC 9113 §8.2.2).
    ///
    /// - Parameter bytes: what this head was read from.
    fileprivate func headers(_ bytes: Span<UInt8>) -> HPACKHeaders {
        var headers = HPACKHeaders()
        headers.reserveCapacity(fields.count + 1)
        headers.add(name: ":status", value: String(status))
        for field in fields {
            switch field.field {
            case .connection, .hopByHop, .transferEncoding, .upgrade: continue
            default: headers.add(field, of: bytes)
            }
        }
        return headers
    }
}
