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
