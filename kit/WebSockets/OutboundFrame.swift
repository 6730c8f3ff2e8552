import NIOCore

/// A frame as it goes over the wire, to any number of sockets.
///
/// A server does not mask its frames (RFC 6455 section 5.1), so the bytes are the same for every client: they are
/// encoded once and shared.
public struct OutboundFrame: Sendable {
    let bytes: ByteBuffer

    /// A text message in one frame.
    public init(text: String) {
        self.init(opcode: 0x1, payload: text.utf8)
    }

    /// A text message in one frame; `utf8` must be UTF-8.
    public init(utf8: some Collection<UInt8>) {
        self.init(opcode: 0x1, payload: utf8)
    }

    /// A binary message in one frame.
    public init(binary payload: some Collection<UInt8>) {
        self.init(opcode: 0x2, payload: payload)
    }

    /// The length on the wire, header included.
    public var size: Int { bytes.readableBytes }

    static func close(_ code: WebSocketCloseCode, reason: String) -> OutboundFrame {
        // A control frame carries at most 125 bytes; a reason is cut at a character's end.
        var reason = reason
        while reason.utf8.count > 123 { reason.removeLast() }
        return OutboundFrame(
            opcode: 0x8, payload: [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)] + Array(reason.utf8))
    }

    static let emptyClose = OutboundFrame(opcode: 0x8, payload: [])
    static let ping = OutboundFrame(opcode: 0x9, payload: [])

    static func pong(_ payload: ByteBuffer) -> OutboundFrame {
        OutboundFrame(opcode: 0xA, payload: payload.readableBytesView)
    }

    /// One final, unmasked frame (RFC 6455 section 5.2).
    private init(opcode: UInt8, payload: some Collection<UInt8>) {
        let length = payload.count
        var buffer = ByteBufferAllocator().buffer(capacity: length + 10)
        buffer.writeInteger(0x80 | opcode)
        switch length {
        case ..<126:
            buffer.writeInteger(UInt8(length))
        case ...0xFFFF:
            buffer.writeInteger(UInt8(126))
            buffer.writeInteger(UInt16(length))
        default:
            buffer.writeInteger(UInt8(127))
            buffer.writeInteger(UInt64(length))
        }
        buffer.writeBytes(payload)
        bytes = buffer
    }
}
