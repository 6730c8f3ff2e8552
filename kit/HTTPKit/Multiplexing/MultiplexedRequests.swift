import HTTPWire
import NIOCore

/// Answers requests that share a connection, where ``DirectRoute``s take them; what none takes is sent back, for the
/// gateway to send it over a connection of its own.
///
/// What becomes ready at about the same time goes out in one write: reading and writing are most of what a small request
/// costs, and here many share them.
final class MultiplexedRequests: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Requests under way, beyond which no more are read.
    private static let mostUnderWay = 4096

    private let direct: [any DirectRoute]
    private let answers: DirectAnswers
    private let routes: ConnectionRoutes
    private let idleTimeout: TimeAmount?
    private var parser = DirectFraming.parser
    private var head = RequestHead()
    /// The beginning of a frame whose rest has not come yet.
    private var received = ByteBuffer()
    private var outgoing = ByteBuffer()
    private let finished = FinishedRequests()
    private var underWay = 0
    private var isReadPutOff = false
    /// Whether the gateway has been asked to end the connection.
    private var isGoingAway = false
    /// Whether a request has come since it was last looked.
    private var isInUse = true
    private var idling: RepeatedTask?
    /// Nil before the handler is part of a connection, and after.
    private var context: ChannelHandlerContext?

    /// - Parameter routes: Of the connection; none are served on it.
    init(_ direct: [any DirectRoute], answers: DirectAnswers, routes: ConnectionRoutes, idleTimeout: TimeAmount?) {
        self.direct = direct
        self.answers = answers
        self.routes = routes
        self.idleTimeout = idleTimeout
    }

    // MARK: The connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        outgoing.writeString(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                + "Upgrade: \(MultiplexFrame.protocolName)\r\n\r\n")
        flush()
        guard let idleTimeout else { return }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        idling = context.eventLoop.scheduleRepeatedTask(initialDelay: idleTimeout, delay: idleTimeout) { _ in
            handler.value.checkIdling()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        idling?.cancel()
        routes.end()
    }

    /// Asks a gateway that sends nothing any more to end the connection, and ends it if even that has no answer.
    private func checkIdling() {
        if isInUse || underWay > 0 {
            isInUse = false
        } else if isGoingAway {
            context?.close(promise: nil)
        } else {
            goAway()
        }
    }

    private func goAway() {
        guard !isGoingAway else { return }
        isGoingAway = true
        MultiplexFrame.write(id: MultiplexFrame.goingAway, into: &outgoing)
        flush()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: goAway()
        case ChannelEvent.inputClosed as ChannelEvent: context.close(promise: nil)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: Requests

    func read(context: ChannelHandlerContext) {
        if context.channel.isWritable, underWay < Self.mostUnderWay {
            context.read()
        } else {
            isReadPutOff = true
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        resumeReading()
    }

    private func resumeReading() {
        guard isReadPutOff, let context, context.channel.isWritable, underWay < Self.mostUnderWay else { return }
        isReadPutOff = false
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        bytes.prepend(&received)
        do {
            while let frame = try MultiplexFrame(from: &bytes, longest: MultiplexFrame.longestRequest) {
                answer(frame, context)
            }
            if bytes.readableBytes > 0 { received = bytes }
        } catch {
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush()
    }

    private func answer(_ frame: MultiplexFrame, _ context: ChannelHandlerContext) {
        isInUse = true
        guard begin(frame, context) else { return MultiplexFrame.write(id: frame.id, into: &outgoing) }
        underWay += 1
    }

    /// - Returns: Whether the request is taken.
    private func begin(_ frame: MultiplexFrame, _ context: ChannelHandlerContext) -> Bool {
        guard let (head, body) = divide(frame.message) else { return false }
        for route in direct where route.answersSoon && route.method == head.method {
            guard let responder = route.responder(to: head) else { continue }
            let request = FinishedRequests.Request(
                id: frame.id, origin: DirectAnswers.Origin(head), route: route.path)
            let loop = context.eventLoop
            let handler = NIOLoopBound(self, eventLoop: loop)
            answers.metrics.begin()
            let pending = responder(body, request.origin.trace) { [finished] result in
                guard finished.add(request, result) else { return }
                loop.execute { handler.value.writeFinished() }
            }
            if pending == nil { answers.metrics.end() }
            return pending != nil
        }
        return false
    }

    /// - Returns: Nil unless the message is one request, whole and usual.
    private func divide(_ message: ByteBuffer) -> (DirectHead, body: ByteBuffer)? {
        guard let length = try? parser.parse(message.readableBytesUInt8Span, into: &head) else {
            parser = DirectFraming.parser
            return nil
        }
        guard let direct = DirectHead(head, of: message), length + direct.bodyLength == message.readableBytes,
            let body = message.getSlice(at: message.readerIndex + length, length: direct.bodyLength)
        else { return nil }
        return (direct, body)
    }

    // MARK: Answers

    private func writeFinished() {
        let finished = finished.takeAll()
        underWay -= finished.count
        for (request, result) in finished {
            answers.metrics.end()
            MultiplexFrame.write(id: request.id, into: &outgoing) {
                answers.write(result, to: request.origin, route: request.route, isLast: false, into: &$0)
            }
        }
        flush()
        resumeReading()
    }

    private func flush() {
        guard outgoing.readableBytes > 0, let context else { return }
        let bytes = outgoing
        outgoing = ByteBuffer()
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }
}

@available(*, unavailable)
extension MultiplexedRequests: Sendable {}
