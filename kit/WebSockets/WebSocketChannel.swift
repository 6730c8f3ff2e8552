import HTTPKit
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Hummingbird's HTTP/1.1 channel, of which any request may become a WebSocket.
public struct WebSocketChannel: ServerChildChannel, HTTPChannelHandler {
    public typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    public let responder: HTTPChannelHandler.Responder
    private let tasks: WebSocketTasks
    private let configuration: HTTP1Channel.Configuration

    public init(
        responder: @escaping HTTPChannelHandler.Responder, tasks: WebSocketTasks,
        configuration: HTTP1Channel.Configuration
    ) {
        self.responder = responder
        self.tasks = tasks
        self.configuration = configuration
    }

    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            // Every channel keeps a receive buffer; the default's 2 KiB are more than a socket that mostly listens needs.
            try channel.syncOptions?.setOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 512, maximum: 65_536))
            let encoder = HTTPResponseEncoder()
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(
                    leftOverBytesStrategy: .forwardBytes,
                    limitConfiguration: NIOHTTPDecoderLimitConfiguration(configuration)))
            let codec = HTTP1ToHTTPServerCodec(secure: false)
            let additional = configuration.additionalChannelHandlers()
            let handlers = ConnectionHandlers(idleTimeout: configuration.idleTimeout)
            let upgrade = UpgradeHandler(
                replacing: [handlers.requests] + additional + [codec, encoder, decoder, handlers.connection],
                tasks: tasks)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandlers([handlers.connection, encoder, decoder, codec])
            try pipeline.addHandlers(additional)
            try pipeline.addHandlers([handlers.requests, upgrade])
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    public func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value, logger: logger)
    }
}

extension HTTPServerBuilder {
    /// An HTTP/1.1 server whose routes may answer with `Request.upgradeToWebSocket`; `tasks` runs beside it, as a
    /// service.
    public static func http1WithWebSockets(
        _ tasks: WebSocketTasks, configuration: HTTP1Channel.Configuration = .init()
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            WebSocketChannel(responder: responder, tasks: tasks, configuration: configuration)
        }
    }
}
