import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A server that answers requests with what they were, and WebSocket frames with themselves.
struct EchoServer {
    let port: Int
    private let channel: any Channel

    static func start() async throws -> EchoServer {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = EchoHandler()
                    let upgrader = NIOWebSocketServerUpgrader(
                        shouldUpgrade: { channel, head in
                            let headers: HTTPHeaders? = head.uri == "/ws" ? [:] : nil
                            return channel.eventLoop.makeSucceededFuture(headers)
                        },
                        upgradePipelineHandler: { channel, _ in
                            channel.eventLoop.makeCompletedFuture {
                                try channel.pipeline.syncOperations.addHandler(FrameEcho())
                            }
                        })
                    let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withServerUpgrade: (
                            upgraders: [upgrader],
                            completionHandler: { context in
                                context.pipeline.syncOperations.removeHandler(bound.value, promise: nil)
                            }
                        ))
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return EchoServer(port: channel.localAddress?.port ?? 0, channel: channel)
    }

    func stop() async {
        try? await channel.close()
    }
}

/// `METHOD URI\n`, then the request's body, chunk by chunk; `/close` closes the connection instead of an answer.
private final class EchoHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard context.channel.isActive else { return }
        switch unwrapInboundIn(data) {
        case .head(let head) where head.uri == "/close":
            context.close(promise: nil)
        case .head(let head):
            var answer = HTTPResponseHead(version: .http1_1, status: head.uri == "/teapot" ? .imATeapot : .ok)
            answer.headers.add(name: "connection-id", value: "\(ObjectIdentifier(self).hashValue)")
            if let token = head.headers.first(name: "authorization") { answer.headers.add(name: "token", value: token) }
            context.write(wrapOutboundOut(.head(answer)), promise: nil)
            let line = ByteBuffer(string: "\(head.method.rawValue) \(head.uri)\n")
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(line))), promise: nil)
        case .body(let buffer):
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        case .end:
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

private final class FrameEcho: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    func handlerAdded(context: ChannelHandlerContext) {
        let hello = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: #"{"type": "hello"}"#))
        context.writeAndFlush(wrapOutboundOut(hello), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        let echo = WebSocketFrame(fin: frame.fin, opcode: frame.opcode, data: frame.unmaskedData)
        context.writeAndFlush(wrapOutboundOut(echo), promise: nil)
        if frame.opcode == .connectionClose { context.close(promise: nil) }
    }
}
