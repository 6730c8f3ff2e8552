import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOWebSocket

/// Turns an HTTP connection into a WebSocket when a route answers 101, whichever request of the connection it is.
///
/// NIO's HTTP decoder stops for good after a request with an `Upgrade` field, agreed to or not. So from such a request
/// on nothing more is read until its response: a 101 replaces the HTTP handlers, anything else closes the connection
/// behind it.
final class UpgradeHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What a route triggers on the channel before it answers 101.
    struct Acceptance: Sendable {
        let socket: WebSocket
        let handler: WebSocketTasks.Handler
    }

    private enum Phase {
        case http
        /// A request with an `Upgrade` field waits for its response.
        case asked(Acceptance?)
        /// It was not agreed to.
        case refused
    }

    private let httpHandlers: [any RemovableChannelHandler]
    private let tasks: WebSocketTasks
    private var phase = Phase.http

    /// `httpHandlers` are those that an upgrade removes, in that order; of those for bytes the first of the pipeline last.
    init(replacing httpHandlers: [any RemovableChannelHandler], tasks: WebSocketTasks) {
        self.httpHandlers = httpHandlers
        self.tasks = tasks
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data), head.headerFields.tokens(of: .connection).contains("upgrade") {
            phase = .asked(nil)
        }
        context.fireChannelRead(data)
    }

    /// What is withheld is never made up for: a WebSocket reads for itself, and a refusal ends the connection.
    func read(context: ChannelHandlerContext) {
        if case .http = phase { context.read() }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let acceptance = event as? Acceptance, case .asked = phase else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        phase = .asked(acceptance)
        promise?.succeed()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch (unwrapOutboundIn(data), phase) {
        case (.head(let head), .asked(let acceptance)):
            if head.status == .switchingProtocols, let acceptance {
                context.write(data, promise: promise)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                upgrade(acceptance, context: context)
            } else {
                phase = .refused
                var head = head
                head.headerFields[.connection] = "close"
                context.write(wrapOutboundOut(.head(head)), promise: promise)
            }
        case (.end, .refused):
            let isWritten = promise ?? context.eventLoop.makePromise()
            isWritten.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            context.writeAndFlush(data, promise: isWritten)
        default:
            context.write(data, promise: promise)
        }
    }

    /// Puts the WebSocket's handlers in place of HTTP's. The HTTP decoder leaves last, as it hands on what it has read
    /// beyond the request.
    private func upgrade(_ acceptance: Acceptance, context: ChannelHandlerContext) {
        let socket = acceptance.socket
        let pipeline = context.pipeline.syncOperations
        let buffer = socket.configuration.outboundBufferSize
        let watermark = ChannelOptions.Types.WriteBufferWaterMark(low: buffer / 2, high: buffer)
        do {
            try context.channel.syncOptions?.setOption(.writeBufferWaterMark, value: watermark)
            // The handler asks for what it reads; HTTP's own handler, which stays, forwards no such wish any more.
            try context.channel.syncOptions?.setOption(.autoRead, value: false)
            let decoder = WebSocketFrameDecoder(maxFrameSize: socket.configuration.maximumFrameSize)
            try pipeline.addHandlers(
                [ByteToMessageHandler(decoder), WebSocketHandler(socket: socket)], position: .before(self))
        } catch {
            context.close(promise: nil)
            return
        }
        for handler in httpHandlers.dropLast() { pipeline.removeHandler(handler, promise: nil) }
        pipeline.removeHandler(self, promise: nil)
        if let decoder = httpHandlers.last { pipeline.removeHandler(decoder, promise: nil) }
        tasks.start(socket, handler: acceptance.handler)
    }
}
