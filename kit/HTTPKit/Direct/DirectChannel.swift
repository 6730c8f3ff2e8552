import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// Hummingbird's HTTP/1.1 channel with a ``DirectRoute`` before its routes.
struct DirectChannel<Route: DirectRoute>: ServerChildChannel, HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let route: Route
    let answers: DirectAnswers
    let http1: HTTP1Channel

    var responder: HTTPChannelHandler.Responder { http1.responder }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        http1.setup(channel: channel, logger: logger).flatMapThrowing { value in
            // Behind what knows how many requests are under way, for idle connections and those of a process that ends.
            let pipeline = channel.pipeline.syncOperations
            let connection = try pipeline.handler(type: HTTPConnectionStateHandler.self)
            try pipeline.addHandler(DirectHandler(route, answers: answers), position: .after(connection))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value, logger: logger)
    }
}
