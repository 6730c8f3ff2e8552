import HTTPWire
import NIOCore

/// Stands before the routes of a connection and answers what a ``DirectRoute`` takes, from the bytes as they came.
///
/// Answers go out in the order of the requests: one is taken only while no other is being answered behind this handler,
/// and what comes while one is answered here waits for its turn, unread but for what was read with it. Everything else
/// is handed on, byte by byte as it came, to what serves the routes.
final class DirectHandler: ServedConnection, ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = ByteBuffer

    /// A request that is answered here, once it is whole.
    private struct Candidate {
        let responder: DirectRoute.Responder
        /// The path of its route.
        let route: String
        let origin: DirectAnswers.Origin
    }

    private let direct: [any DirectRoute]
    private let answers: DirectAnswers
    private var routes: ConnectionRoutes
    private var framing = DirectFraming()
    /// What has come and was neither answered nor handed on.
    private var received = ByteBuffer()
    private var candidate: Candidate?
    private var pending: PendingAnswer?
    private var isReadPutOff = false
    /// Whether the client sends nothing more, and the routes have not been told.
    private var isInputEnded = false
    /// Whether another handler has taken over, and what serves the routes with it.
    private var isReplaced = false
    var ending = ConnectionEnding()
    private(set) var context: ChannelHandlerContext?
    /// Of the requests answered here, and of those that the routes answer.
    var activity: ConnectionActivity
    var hasReceived: Bool { received.readableBytes > 0 }

    init(
        _ direct: [any DirectRoute], answers: DirectAnswers, routes: ConnectionRoutes, idleTimeout: TimeAmount?,
        grace: TimeAmount = ConnectionActivity.grace
    ) {
        self.direct = direct
        self.answers = answers
        self.routes = routes
        activity = ConnectionActivity(idleTimeout: idleTimeout, grace: grace, now: .now())
    }

    // MARK: The connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { watchIdling() }
    }

    func channelActive(context: ChannelHandlerContext) {
        watchIdling()
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        received = ByteBuffer()
        ending.cancelTimer()
        pending?.abandon()
        if !isReplaced { routes.end() }
        dropCandidate()
    }

    func endIdling() {
        guard let context else { return }
        if let request = candidate {
            dropCandidate()
            let problem = Problem(.requestTimeout, "The body did not come in time.")
            write(.failure(problem), to: request.origin, route: request.route, isLast: true, context)
        } else {
            endBetweenRequests()
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        close(context, mode, promise)
    }

    // MARK: What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !ending.isFinishing else { return }
        var bytes = unwrapInboundIn(data)
        if candidate != nil { activity.bodyCame(bytes.readableBytes, at: .now()) }
        bytes.prepend(&received)
        received = bytes
        proceed(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !readToEnd(context) { context.fireChannelReadComplete() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            drain()
        case ChannelEvent.inputClosed as ChannelEvent:
            (isInputEnded, ending.isInputClosed) = (true, true)
            pending?.abandon()
            proceed(context)
        default:
            if routes.areServed { context.fireUserInboundEventTriggered(event) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard routes.areServed else { return context.close(promise: nil) }
        context.fireErrorCaught(error)
    }

    /// While something waits for an answer to go out, nothing more is read.
    func read(context: ChannelHandlerContext) {
        guard pending == nil || received.readableBytes == 0 else {
            isReadPutOff = true
            return
        }
        context.read()
    }

    /// Does what there is to do with what has come, up to a request whose answer has to be waited for.
    private func proceed(_ context: ChannelHandlerContext) {
        loop: while pending == nil, !ending.isFinishing, self.context != nil {
            switch framing.next(in: received.readableBytesUInt8Span) {
            case .wait:
                if isInputEnded, endInput(context) { continue }
                break loop
            case .decide: decide(context)
            case .answer(let head, let body): answer(head: head, body: body, context)
            case .handOn(let count): handOn(count, context)
            }
        }
        // Its storage may be large, and the next bytes long in coming.
        if received.readableBytes == 0 { received = ByteBuffer() }
    }

    private func decide(_ context: ChannelHandlerContext) {
        guard activity.requests == 0 else { return framing.handOn() }
        guard let head = DirectHead(framing.head, of: received) else {
            guard !routes.areServed, framing.asksToMultiplex(received.readableBytesUInt8Span) else {
                return framing.handOn()
            }
            return multiplex(context)
        }
        for route in direct where route.method == head.method {
            guard let responder = route.responder(to: head) else { continue }
            candidate = Candidate(responder: responder, route: route.path, origin: DirectAnswers.Origin(head))
            activity.headCame(at: .now())
            answers.metrics.begin()
            return framing.take(body: head.bodyLength)
        }
        framing.handOn()
    }

    /// Makes room for a handler of requests that share the connection.
    private func multiplex(_ context: ChannelHandlerContext) {
        received = ByteBuffer()
        let requests = MultiplexedRequests(direct, answers: answers, routes: routes, idleTimeout: activity.idleTimeout)
        do {
            try context.pipeline.syncOperations.addHandler(requests, position: .after(self))
            isReplaced = true
        } catch {
            return context.close(promise: nil)
        }
        if activity.isDraining { context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    /// - Returns: Whether something is left of what came before the end.
    private func endInput(_ context: ChannelHandlerContext) -> Bool {
        if received.readableBytes > 0 {
            // A part of a request: it is for the routes to say what that is.
            dropCandidate()
            framing.giveUp()
            return true
        }
        isInputEnded = false
        if routes.areServed {
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        } else {
            finish(lingering: false)
        }
        return false
    }

    private func handOn(_ count: Int, _ context: ChannelHandlerContext) {
        do {
            try routes.serve(behind: self, context)
            guard let bytes = received.readSlice(length: count) else { return }
            context.fireChannelRead(wrapInboundOut(bytes))
        } catch {
            received = ByteBuffer()
            context.close(promise: nil)
        }
    }

    func handOnAll() {
        dropCandidate()
        framing.giveUp()
    }

    private func dropCandidate() {
        guard candidate != nil else { return }
        candidate = nil
        activity.forget()
        answers.metrics.end()
    }

    // MARK: What is answered

    private func answer(head: Int, body: Int, _ context: ChannelHandlerContext) {
        guard let request = candidate, let content = received.getSlice(at: received.readerIndex + head, length: body)
        else { return }
        activity.requestEnded(at: .now())
        let loop = context.eventLoop
        let (handler, boundContext) = (NIOLoopBound(self, eventLoop: loop), context.loopBound)
        let (origin, route) = (request.origin, request.route)
        pending = request.responder(content, origin.trace) { result in
            loop.execute { handler.value.send(result, to: origin, route: route, boundContext.value) }
        }
        guard pending != nil else {
            dropCandidate()
            return handOn(head + body, context)
        }
        candidate = nil
        received.moveReaderIndex(forwardBy: head + body)
        if isInputEnded { pending?.abandon() }
    }

    private func send(
        _ result: Result<DirectAnswer, any Error>, to origin: DirectAnswers.Origin, route: String,
        _ context: ChannelHandlerContext
    ) {
        pending = nil
        let isLast = isLastAnswer
        activity.answered(at: .now())
        answers.metrics.end()
        write(result, to: origin, route: route, isLast: isLast, context)
        guard !isLast, self.context != nil, context.channel.isActive else { return }
        watchIdling()
        proceed(context)
        if routes.areServed { context.fireChannelReadComplete() }
        if isReadPutOff, pending == nil || received.readableBytes == 0 {
            isReadPutOff = false
            context.read()
        }
    }

    /// - Parameter isLast: Whether the connection is closed behind the answer.
    private func write(
        _ result: Result<DirectAnswer, any Error>, to origin: DirectAnswers.Origin, route: String, isLast: Bool,
        _ context: ChannelHandlerContext
    ) {
        var message = ByteBuffer()
        answers.write(result, to: origin, route: route, isLast: isLast, into: &message)
        guard self.context != nil, context.channel.isActive else { return }
        context.writeAndFlush(wrapOutboundOut(message), promise: nil)
        if isLast { finish(lingering: true) }
    }
}

@available(*, unavailable)
extension DirectHandler: Sendable {}
