import NIOCore

/// Takes bytes from a channel when somebody asks for them, and not before.
final class RawInbox: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var context: ChannelHandlerContext?
    private var received = ByteBuffer()
    private var waiting: EventLoopPromise<ByteBuffer?>?

    /// The next bytes; nil once the connection has ended, be it by a reset.
    func next(on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer?> {
        if received.readableBytes > 0 || context == nil { return eventLoop.makeSucceededFuture(take()) }
        let promise = eventLoop.makePromise(of: ByteBuffer?.self)
        waiting = promise
        context?.read()
        return promise.futureResult
    }

    private func take() -> ByteBuffer? {
        defer { received = ByteBuffer() }
        return received.readableBytes > 0 ? received : nil
    }

    private func answer() {
        defer { waiting = nil }
        waiting?.succeed(take())
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        answer()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if received.readableBytes > 0 { answer() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        answer()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
