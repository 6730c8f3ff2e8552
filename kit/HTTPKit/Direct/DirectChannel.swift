import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Hummingbird's HTTP/1.1 channel with ``DirectRoute``s before its routes.
struct DirectChannel: ServerChildChannel, HTTPChannelHandler {
    let direct: [any DirectRoute]
    let answers: DirectAnswers
    let configuration: HTTP1Channel.Configuration
    let responder: HTTPChannelHandler.Responder

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<DirectConnection> {
        channel.eventLoop.makeCompletedFuture {
            let routes = channel.eventLoop.makePromise(of: HTTP1Channel.Value?.self)
            let handler = DirectHandler(
                direct, answers: answers, routes: ConnectionRoutes(limits: .init(configuration), channel: routes),
                idleTimeout: configuration.idleTimeout)
            try channel.pipeline.syncOperations.addHandler(handler)
            return DirectConnection(channel: channel, routes: routes.futureResult)
        }
    }

    func handle(value connection: DirectConnection, logger: Logger) async {
        let routes = await withTaskCancellationHandler {
            try? await connection.routes.get()
        } onCancel: {
            connection.channel.close(promise: nil)
        }
        if let routes { await handleHTTP(asyncChannel: routes, logger: logger) }
    }
}

/// A connection, and what serves the routes on it.
struct DirectConnection: ServerChildChannelValue {
    let channel: any Channel
    /// See ``ConnectionRoutes``; nil when the connection has ended without them.
    let routes: EventLoopFuture<HTTP1Channel.Value?>
}

extension NIOHTTPDecoderLimitConfiguration {
    init(_ configuration: HTTP1Channel.Configuration) {
        self.init()
        maxHeaderFieldSize = configuration.httpDecoder.maxHeaderFieldSize
        maxHeaderListSize = configuration.httpDecoder.maxHeaderListSize
        maxHeaderFieldCount = configuration.httpDecoder.maxHeaderFieldCount
    }
}
