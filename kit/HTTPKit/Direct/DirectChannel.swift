import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Hummingbird's HTTP/1.1 channel with ``DirectRoute``s before its routes, if there are any.
///
/// It ends connections more gently than `HTTP1Channel`, which closes those that idle at once when the process is to end,
/// even on a request that is on its way, and the others before the end of a large answer has been sent.
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
        await withTaskCancellationHandler {
            guard let routes = try? await connection.routes.get() else { return }
            await handleHTTP(asyncChannel: routes, logger: logger)
        } onCancel: {
            // Even where a client has not taken its answer.
            connection.channel.close(promise: nil)
        }
    }
}

/// A connection, and what serves the routes on it.
struct DirectConnection: ServerChildChannelValue {
    let channel: any Channel
    /// See ``ConnectionRoutes``; nil when the connection has ended without them.
    let routes: EventLoopFuture<HTTP1Channel.Value?>
}

extension NIOHTTPDecoderLimitConfiguration {
    /// The limits of Hummingbird's HTTP/1.1 channel.
    public init(_ configuration: HTTP1Channel.Configuration) {
        self.init()
        maxHeaderFieldSize = configuration.httpDecoder.maxHeaderFieldSize
        maxHeaderListSize = configuration.httpDecoder.maxHeaderListSize
        maxHeaderFieldCount = configuration.httpDecoder.maxHeaderFieldCount
    }
}
