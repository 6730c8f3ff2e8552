import NIOCore
import NIOWebSocket

/// Puts messages together from frames, and checks what RFC 6455 asks of them.
struct MessageAssembler {
    enum Result: Equatable {
        /// More frames are needed.
        case incomplete
        case message(WebSocketMessage)
        case ping(ByteBuffer)
        case pong
        /// The client closes; nil when it gave no code.
        case close(WebSocketCloseCode?)
        /// The client broke the protocol: close with this code.
        case violation(WebSocketCloseCode)
    }

    private struct Partial {
        var isText: Bool
        var payload: ByteBuffer
    }

    private let maximumSize: Int
    private var partial: Partial?

    init(maximumSize: Int) {
        self.maximumSize = maximumSize
    }

    mutating func receive(_ frame: WebSocketFrame) -> Result {
        // Section 5.1: a client masks every frame. Section 5.2: no extension has given the reserved bits a meaning.
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return .violation(.protocolError) }
        switch frame.opcode {
        case .text, .binary:
            guard partial == nil else { return .violation(.protocolError) }
            partial = Partial(isText: frame.opcode == .text, payload: ByteBuffer())
            return append(frame)
        case .continuation:
            guard partial != nil else { return .violation(.protocolError) }
            return append(frame)
        case .ping: return .ping(frame.unmaskedData)
        case .pong: return .pong
        case .connectionClose: return close(frame.unmaskedData)
        default: return .violation(.protocolError)
        }
    }

    private mutating func append(_ frame: WebSocketFrame) -> Result {
        guard var message = partial.take() else { return .violation(.protocolError) }
        var payload = frame.unmaskedData
        guard message.payload.readableBytes + payload.readableBytes <= maximumSize else {
            return .violation(.messageTooBig)
        }
        if message.payload.readableBytes == 0 {
            message.payload = payload
        } else {
            message.payload.writeBuffer(&payload)
        }
        guard frame.fin else {
            partial = message
            return .incomplete
        }
        guard message.isText else { return .message(.binary(message.payload)) }
        guard let text = message.payload.validatedString else { return .violation(.invalidPayload) }
        return .message(.text(text))
    }

    /// Section 5.5.1: nothing, or a code and a reason in UTF-8.
    private func close(_ payload: ByteBuffer) -> Result {
        var reason = payload
        guard reason.readableBytes > 0 else { return .close(nil) }
        guard let rawCode = reason.readInteger(as: UInt16.self) else { return .violation(.protocolError) }
        let code = WebSocketCloseCode(rawValue: rawCode)
        guard code.mayBeSent else { return .violation(.protocolError) }
        guard reason.validatedString != nil else { return .violation(.invalidPayload) }
        return .close(code)
    }
}

extension ByteBuffer {
    /// The readable bytes as text; nil when they are not UTF-8.
    fileprivate var validatedString: String? {
        try? getUTF8ValidatedString(at: readerIndex, length: readableBytes)
    }
}
