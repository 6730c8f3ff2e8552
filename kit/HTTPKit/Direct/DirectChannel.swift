import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Hummingbird's HTTP/1.1 channel with ``DirectRoute``s before its routes.
struct DirectChannel: ServerChildChannel, HTTPChannelHandler {
    let direct: [any DirectRoute]
    let answers: DirectAnswers
    let configuration: HTTP1Channel.Configuration
    let responder: HTTPChannelHandler.Responder

    /// As `HTTP1Channel` sets up a connection, on whose limits and ways of dealing with errors the routes rely.
    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<DirectConnection> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(),
                withDecoderLimitConfiguration: NIOHTTPDecoderLimitConfiguration(configuration))
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            // Knows how many requests are under way, for idle connections and those of a process that ends.
            let idleTimeout = configuration.idleTimeout.map { Duration($0) }
            try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: idleTimeout, logger: logger))
            let routes = channel.eventLoop.makePromise(of: HTTP1Channel.Value?.self)
            try pipeline.addHandler(DirectHandler(direct, answers: answers, routes: routes))
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
    /// Made with the first request that is not answered directly; nil when the connection has ended without one.
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
