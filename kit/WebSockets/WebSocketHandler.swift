import DequeModule
import NIOCore
import NIOWebSocket

/// The shell around `WebSocketState` in the channel's pipeline: the last handler that does anything.
///
/// Behind it stands the handler of the HTTP connection's task, which ends with the upgrade. It gets nothing to read,
/// and what it writes goes nowhere; nor does it close the channel, as it wants to on ending.
final class WebSocketHandler: ChannelDuplexHandler, NIOScheduledCallbackHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private let socket: WebSocket
    private var state: WebSocketState
    private var context: ChannelHandlerContext?
    private var timer: NIOScheduledCallback?
    private var senders: Deque<(OutboundFrame, EventLoopPromise<Void>)> = []
    /// What the channel last said, kept here since a fan-out asks for it for every socket and frame.
    private var isChannelWritable = true
    private var isReadWithheld = false
    private var isInboxFull = false
    /// Called on the event loop when the socket is writable again.
    var onWritable: (() -> Void)?
    /// Called on the event loop when the socket has ended.
    var onEnd: (() -> Void)?

    init(socket: WebSocket) {
        self.socket = socket
        state = WebSocketState(socket.configuration, at: .now)
    }

    // MARK: Sending, on the event loop

    var isWritable: Bool { state.isOpen && isChannelWritable }

    func write(_ frame: OutboundFrame) {
        guard state.isOpen else { return }
        context?.write(wrapOutboundOut(frame.bytes), promise: nil)
    }

    func flush() {
        context?.flush()
    }

    /// Succeeds when the frame is in the buffer of what is to be sent.
    func send(_ frame: OutboundFrame) -> EventLoopFuture<Void> {
        guard state.isOpen else { return socket.eventLoop.makeFailedFuture(WebSocketClosed()) }
        guard isWritable, senders.isEmpty else {
            let promise = socket.eventLoop.makePromise(of: Void.self)
            senders.append((frame, promise))
            return promise.futureResult
        }
        write(frame)
        flush()
        return socket.eventLoop.makeSucceededVoidFuture()
    }

    func close(_ code: WebSocketCloseCode, reason: String) {
        perform(state.close(code, reason: reason))
    }

    // MARK: The channel's events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        isChannelWritable = context.channel.isWritable
        socket.handler.value = self
        schedule(after: socket.configuration.pingInterval)
        context.read()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        perform(state.receive(unwrapInboundIn(data), at: .now))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength: perform(state.fail(.messageTooBig))
        case is NIOWebSocketError: perform(state.fail(.protocolError))
        default: perform(state.disconnect())
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: close(.serviceRestart, reason: "restarting")
        case ChannelEvent.inputClosed: perform(state.disconnect())
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isChannelWritable = context.channel.isWritable
        if isWritable {
            sendWaiting()
            onWritable?()
        }
        context.fireChannelWritabilityChanged()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isInboxFull {
            isReadWithheld = true
        } else {
            context.read()
        }
    }

    func read(context: ChannelHandlerContext) {}

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        promise?.succeed()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        promise?.succeed()
    }

    // MARK: Timers

    func handleScheduledCallback(eventLoop: some EventLoop) {
        guard state.isOpen else {
            // Whether or not its Close frame could be written.
            _ = state.disconnect()
            context?.close(promise: nil)
            return
        }
        perform(state.tick(at: .now))
        if state.isOpen { schedule(after: socket.configuration.pingInterval) }
    }

    private func schedule(after delay: Duration) {
        timer?.cancel()
        timer = try? socket.eventLoop.assumeIsolated().scheduleCallback(in: TimeAmount(delay), handler: self)
    }

    // MARK: Actions

    private func perform(_ action: WebSocketState.Action) {
        guard let context else { return }
        switch action {
        case .none: break
        case .deliver(let message): deliver(message)
        case .ping: context.writeAndFlush(wrapOutboundOut(OutboundFrame.ping.bytes), promise: nil)
        case .pong(let payload):
            // Section 5.5.3 lets pings go unanswered when newer ones have come: a client that does not read its
            // answers gets no more of them.
            guard isChannelWritable else { return }
            context.writeAndFlush(wrapOutboundOut(OutboundFrame.pong(payload).bytes), promise: nil)
        case .close(let code, let reason):
            writeClose(code, reason: reason, in: context, promise: nil)
            schedule(after: socket.configuration.closeTimeout)
        case .closeAndDisconnect(let code):
            let isWritten = context.eventLoop.makePromise(of: Void.self)
            isWritten.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            writeClose(code, reason: "", in: context, promise: isWritten)
            schedule(after: socket.configuration.closeTimeout)
        case .disconnect:
            context.close(promise: nil)
        }
    }

    private func deliver(_ message: WebSocketMessage) {
        let hasRoom = socket.inbox.push(message) { [socket] in
            socket.eventLoop.execute { socket.handler.value?.resumeReading() }
        }
        if !hasRoom { isInboxFull = true }
    }

    private func resumeReading() {
        isInboxFull = false
        guard isReadWithheld else { return }
        isReadWithheld = false
        context?.read()
    }

    private func writeClose(
        _ code: WebSocketCloseCode?, reason: String, in context: ChannelHandlerContext, promise: EventLoopPromise<Void>?
    ) {
        let frame = code.map { OutboundFrame.close($0, reason: reason) } ?? .emptyClose
        context.writeAndFlush(wrapOutboundOut(frame.bytes), promise: promise)
        failSenders()
        socket.inbox.finish()
    }

    private func sendWaiting() {
        guard !senders.isEmpty else { return }
        while isWritable, let (frame, promise) = senders.popFirst() {
            write(frame)
            promise.succeed()
        }
        flush()
    }

    private func failSenders() {
        while let (_, promise) = senders.popFirst() { promise.fail(WebSocketClosed()) }
    }

    /// Lets go of everything, the socket's reference to this handler first: it is what makes a cycle.
    private func end() {
        _ = state.disconnect()
        timer?.cancel()
        timer = nil
        onEnd?()
        onEnd = nil
        onWritable = nil
        context = nil
        failSenders()
        socket.inbox.finish()
        socket.handler.value = nil
    }
}
