import NIOCore

/// What ends a connection whose requests are all for the routes as gently as one with direct routes before them: closes
/// it when it has idled, and when the process ends tells the client with the last answer, which is sent whole.
public struct ConnectionHandlers {
    /// The first of the pipeline, and the last to be removed for another protocol: if the process ends, it tells those of
    /// that protocol so.
    public let connection: any RemovableChannelHandler
    /// Behind what makes requests of bytes.
    public let requests: any RemovableChannelHandler

    public init(idleTimeout: TimeAmount?) {
        let connection = ConnectionHandler(idleTimeout: idleTimeout)
        self.connection = connection
        requests = RoutedRequests(behind: connection)
    }
}

/// Ends a connection on which nothing is answered directly.
private final class ConnectionHandler: ServedConnection, ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = IOData

    private(set) var context: ChannelHandlerContext?
    var activity: ConnectionActivity
    var ending = ConnectionEnding()
    var hasReceived: Bool { false }

    init(idleTimeout: TimeAmount?) {
        activity = ConnectionActivity(idleTimeout: idleTimeout, now: .now())
    }

    func endIdling() { endBetweenRequests() }

    func handOnAll() {}

    // MARK: The connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { watchIdling() }
    }

    func channelActive(context: ChannelHandlerContext) {
        watchIdling()
        context.fireChannelActive()
    }

    func removeHandler(context: ChannelHandlerContext, removalToken: ChannelHandlerContext.RemovalToken) {
        if activity.isDraining { context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        context.leavePipeline(removalToken: removalToken)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        ending.cancelTimer()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !ending.isFinishing { context.fireChannelRead(data) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !readToEnd(context) { context.fireChannelReadComplete() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: drain()
        case ChannelEvent.inputClosed as ChannelEvent:
            ending.isInputClosed = true
            context.fireUserInboundEventTriggered(event)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        close(context, mode, promise)
    }
}

@available(*, unavailable)
extension ConnectionHandler: Sendable {}
