import NIOCore
import NIOHTTPTypes

/// Tells the handler of a connection of the requests that the routes get, and of their answers.
final class RoutedRequests<Connection: ServedConnection>: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let connection: Connection
    /// Whether the routes have got their last request: an answer has told the client so, or it has been late with one.
    private var isEnding = false

    init(behind connection: Connection) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isEnding || connection.activity.isReading else { return }
        let now = NIODeadline.now()
        switch unwrapInboundIn(data) {
        case .head where connection.activity.refuses(at: now):
            isEnding = true
            return
        case .head: connection.activity.headCame(at: now)
        case .body(let bytes): connection.activity.bodyCame(bytes.readableBytes, at: now)
        case .end: connection.activity.requestEnded(at: now)
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        connection.handOnAll()
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.kind != .informational && connection.isLastAnswer:
            isEnding = true
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            context.write(data, promise: promise)
            connection.activity.answered(at: .now())
            if isEnding, connection.activity.requests == 0 {
                connection.finish(lingering: true)
            } else {
                connection.watchIdling()
            }
        default:
            context.write(data, promise: promise)
        }
    }
}

@available(*, unavailable)
extension RoutedRequests: Sendable {}
