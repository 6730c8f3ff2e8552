import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A WebSocket connection of a test, which sees frames as they are.
public final class TestWebSocket: Sendable {
    /// The server answered something else than 101.
    public struct Refused: Error, CustomStringConvertible {
        public let response: TestHTTPResponse
        public var description: String { "the upgrade was refused: \(response)" }
    }

    private enum Handshake: Sendable {
        case open(TestWebSocket)
        case refused(Mailbox<HTTPClientResponsePart>)
    }

    private let channel: any Channel
    private let frames: Mailbox<WebSocketFrame>
    /// The headers of the server's 101.
    public let headers: HTTPHeaders

    private init(channel: any Channel, frames: Mailbox<WebSocketFrame>, headers: HTTPHeaders) {
        self.channel = channel
        self.frames = frames
        self.headers = headers
    }

    /// Connects and upgrades.
    ///
    /// - Parameter answersPings: Whether pings are answered, as RFC 6455 (5.5.2) demands, before a test sees them.
    /// - Throws: ``Refused``, or an error of NIO.
    public static func connect(
        host: String = "127.0.0.1", port: Int, path: String, headers: HTTPHeaders = [:],
        subprotocol: String? = "lms.v1", answersPings: Bool = true
    ) async throws -> TestWebSocket {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: headers)
        head.headers.replaceOrAdd(name: "host", value: "\(host):\(port)")
        if let subprotocol { head.headers.replaceOrAdd(name: "sec-websocket-protocol", value: subprotocol) }
        let upgrader = NIOTypedWebSocketClientUpgrader(maxFrameSize: 1 << 24) { channel, response in
            open(on: channel, headers: response.headers, answersPings: answersPings)
        }
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(
            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                upgradeRequestHead: head, upgraders: [upgrader], notUpgradingCompletionHandler: refused(on:)))
        // The server's first frames may come in the same packet as its 101.
        configuration.leftOverBytesStrategy = .forwardBytes
        let pipeline = configuration
        let handshake = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
                        configuration: pipeline)
                }
            }.get()
        switch handshake {
        case .open(let socket):
            return socket
        case .refused(let parts):
            throw Refused(response: try await parts.response(within: .seconds(10)))
        }
    }

    private static func open(
        on channel: any Channel, headers: HTTPHeaders, answersPings: Bool
    ) -> EventLoopFuture<Handshake> {
        channel.eventLoop.makeCompletedFuture {
            let frames = Mailbox<WebSocketFrame>()
            try channel.pipeline.syncOperations.addHandler(FrameHandler(frames: frames, answersPings: answersPings))
            return .open(TestWebSocket(channel: channel, frames: frames, headers: headers))
        }
    }

    private static func refused(on channel: any Channel) -> EventLoopFuture<Handshake> {
        channel.eventLoop.makeCompletedFuture {
            let handler = ResponseHandler()
            let parts = Mailbox<HTTPClientResponsePart>()
            handler.expectResponse(in: parts)
            try channel.pipeline.syncOperations.addHandler(handler)
            return .refused(parts)
        }
    }

    // MARK: Sending

    /// Sends one frame; it is masked, as a client's has to be.
    public func send(_ opcode: WebSocketOpcode, _ bytes: [UInt8], fin: Bool = true, rsv1: Bool = false) async throws {
        let frame = WebSocketFrame(
            fin: fin, rsv1: rsv1, opcode: opcode, maskKey: .random(), data: ByteBuffer(bytes: bytes))
        try await channel.writeAndFlush(frame)
    }

    public func send(_ text: String) async throws {
        try await send(.text, Array(text.utf8))
    }

    public func send(_ json: JSONValue) async throws {
        try await send(.text, Array(try JSONEncoder().encode(json)))
    }

    /// Starts the closing handshake (RFC 6455, section 7.1.2).
    public func sendClose(_ code: UInt16 = 1000) async throws {
        try await send(.connectionClose, [UInt8(code >> 8), UInt8(code & 0xff)])
    }

    /// Drops the connection without a word.
    public func disconnect() async {
        try? await channel.close()
    }

    /// Stops or resumes reading from the socket, as a client does that is slow.
    public func setReading(_ isReading: Bool) async throws {
        try await channel.setOption(.autoRead, value: isReading).get()
    }

    // MARK: Receiving

    /// The next frame, control frames included; nil once the connection is closed.
    ///
    /// - Throws: ``TimedOut``.
    public func nextFrame(within limit: Duration = .seconds(10)) async throws -> WebSocketFrame? {
        try await frames.next(within: limit)
    }

    /// The next text message as JSON; frames of other kinds before it are passed over.
    ///
    /// - Throws: ``TimedOut``, ``TestHTTPError/closed``.
    public func nextJSON(within limit: Duration = .seconds(10)) async throws -> JSONValue {
        while let frame = try await frames.next(within: limit) {
            guard frame.opcode == .text else { continue }
            return try JSONDecoder().decode(JSONValue.self, from: Data(frame.unmaskedData.readableBytesView))
        }
        throw TestHTTPError.closed
    }

    /// The next message whose `type` is this one; others before it are passed over.
    ///
    /// - Throws: ``TimedOut``, ``TestHTTPError/closed``.
    public func next(_ type: String, within limit: Duration = .seconds(10)) async throws -> JSONValue {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            let message = try await nextJSON(within: ContinuousClock.now.duration(to: deadline))
            if message["type"].string == type { return message }
        }
    }

    /// Waits for the server to close, and returns its code; nil when it gave none.
    ///
    /// - Throws: ``TimedOut``.
    public func closeCode(within limit: Duration = .seconds(10)) async throws -> UInt16? {
        while let frame = try await frames.next(within: limit) {
            guard frame.opcode == .connectionClose else { continue }
            var data = frame.unmaskedData
            return data.readInteger(as: UInt16.self)
        }
        return nil
    }
}

/// Hands frames to the mailbox, and answers pings.
private final class FrameHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let frames: Mailbox<WebSocketFrame>
    private let answersPings: Bool

    init(frames: Mailbox<WebSocketFrame>, answersPings: Bool) {
        self.frames = frames
        self.answersPings = answersPings
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        if frame.opcode == .ping, answersPings {
            let pong = WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: frame.unmaskedData)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        }
        frames.deliver(frame)
    }

    func channelInactive(context: ChannelHandlerContext) {
        frames.finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        frames.finish(throwing: error)
        context.close(promise: nil)
    }
}
