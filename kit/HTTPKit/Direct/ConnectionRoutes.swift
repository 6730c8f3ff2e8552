import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// What serves the routes of a connection: made with the first request that is not answered directly, since many
/// connections have none.
struct ConnectionRoutes {
    private let limits: NIOHTTPDecoderLimitConfiguration
    /// Takes nil when the connection has ended without such a request.
    private let channel: EventLoopPromise<HTTP1Channel.Value?>
    private(set) var areServed = false

    init(limits: NIOHTTPDecoderLimitConfiguration, channel: EventLoopPromise<HTTP1Channel.Value?>) {
        self.limits = limits
        self.channel = channel
    }

    /// Puts it behind `handler`, unless it is there: as `HTTP1Channel` does, on whose limits and ways of dealing with
    /// errors the routes rely.
    mutating func serve(behind handler: DirectHandler, _ context: ChannelHandlerContext) throws {
        guard !areServed else { return }
        let pipeline = context.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
        try pipeline.addHandlers(HTTP1ToHTTPServerCodec(secure: false), RoutedRequests(behind: handler))
        let value = try HTTP1Channel.Value(
            wrappingChannelSynchronously: context.channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        areServed = true
        channel.succeed(value)
    }

    /// The connection has ended.
    func end() {
        if !areServed { channel.succeed(nil) }
    }
}

/// Tells a ``DirectHandler`` of the requests that it has handed on, and of their answers.
private final class RoutedRequests: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let handler: DirectHandler
    /// Whether the answer under way has told the client that it is the last one.
    private var isEnding = false

    init(behind handler: DirectHandler) {
        self.handler = handler
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // The client has been told to send it elsewhere.
        guard !isEnding || handler.activity.isReading else { return }
        switch unwrapInboundIn(data) {
        case .head: handler.activity.headCame(at: .now())
        case .body(let bytes): handler.activity.bodyCame(bytes.readableBytes, at: .now())
        case .end: handler.activity.requestEnded(at: .now())
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        handler.handOnAll()
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where handler.isLastAnswer && head.status.kind != .informational:
            isEnding = true
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            context.write(data, promise: promise)
            handler.activity.answered(at: .now())
            if isEnding { handler.finish() } else { handler.watchIdling() }
        default:
            context.write(data, promise: promise)
        }
    }
}

@available(*, unavailable)
extension RoutedRequests: Sendable {}
