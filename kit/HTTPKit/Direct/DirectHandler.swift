import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// Stands before the routes of a connection and answers what a ``DirectRoute`` takes.
///
/// Answers go out in the order of the requests: one is taken only while no other is being answered behind this handler,
/// and what comes while one is answered here waits for its turn. What serves the routes is made with the first request
/// that is handed on, since a connection whose requests are all answered here needs none of it.
final class DirectHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// A request that may be answered here, as far as it has come.
    private struct Candidate {
        let head: HTTPRequest
        let responder: DirectRoute.Responder
        /// Of its route.
        let path: String
        let origin: DirectAnswers.Origin
        var body: ByteBuffer
    }

    /// What has come and waits until an answer has gone out.
    private enum Waiting {
        case part(HTTPRequestPart)
        case event(Any)
        case error(any Error)

        /// Whether it says that the client sends nothing more.
        var endsInput: Bool {
            if case .event(let event) = self, case .inputClosed? = event as? ChannelEvent { true } else { false }
        }
    }

    private let direct: [any DirectRoute]
    private let answers: DirectAnswers
    /// What serves the routes, once it is made; nil when the connection ended before.
    private let routes: EventLoopPromise<HTTP1Channel.Value?>
    private var areRoutesServed = false
    private var candidate: Candidate?
    private var pending: PendingAnswer?
    private var waiting: [Waiting] = []
    private var isReadPutOff = false
    /// Requests that were handed on and whose answers have not gone out yet.
    private var handedOn = 0
    /// Whether a request was handed on after which the connection ends: what comes behind it is not to be answered (RFC
    /// 9112, section 9.6).
    private var isClosing = false
    private var isRemoved = false

    init(_ direct: [any DirectRoute], answers: DirectAnswers, routes: EventLoopPromise<HTTP1Channel.Value?>) {
        self.direct = direct
        self.answers = answers
        self.routes = routes
    }

    // MARK: What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        take(.part(unwrapInboundIn(data)), context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        take(.event(event), context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        take(.error(error), context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        isRemoved = true
        waiting = []
        pending?.abandon()
        if !areRoutesServed { routes.succeed(nil) }
        guard candidate != nil else { return }
        candidate = nil
        answers.metrics.end()
    }

    /// While something waits for an answer to go out, nothing more is read.
    func read(context: ChannelHandlerContext) {
        guard waiting.isEmpty else {
            isReadPutOff = true
            return
        }
        context.read()
    }

    private func take(_ item: Waiting, _ context: ChannelHandlerContext) {
        if let pending {
            if item.endsInput { pending.abandon() }
            return waiting.append(item)
        }
        switch item {
        case .part(.head(let head)): begin(head, context)
        case .part(.body(var bytes)):
            guard candidate != nil else { return context.fireChannelRead(wrapInboundOut(.body(bytes))) }
            candidate?.body.writeBuffer(&bytes)
        case .part(.end(let trailers)):
            if let complete = candidate, answer(complete, context) { return }
            handOnCandidate(context)
            context.fireChannelRead(wrapInboundOut(.end(trailers)))
        case .event(let event):
            // The end of what the client sends: who answers the request then is told by it, too.
            handOnCandidate(context)
            if areRoutesServed {
                context.fireUserInboundEventTriggered(event)
            } else if item.endsInput {
                context.close(promise: nil)
            }
        case .error(let error):
            handOnCandidate(context)
            guard serveRoutes(context) else { return }
            context.fireErrorCaught(error)
        }
    }

    private func begin(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        guard handedOn == 0, !isClosing, let length = DirectAnswers.bodyLength(of: head) else {
            return handOn(head, context)
        }
        for route in direct where route.method == head.method {
            guard let responder = route.responder(to: head) else { continue }
            candidate = Candidate(
                head: head, responder: responder, path: route.path, origin: answers.origin(of: head),
                body: context.channel.allocator.buffer(capacity: length))
            return answers.metrics.begin()
        }
        handOn(head, context)
    }

    private func handOn(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        guard serveRoutes(context) else { return }
        handedOn += 1
        if head.headerFields[.connection]?.lowercased() == "close" { isClosing = true }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    private func handOnCandidate(_ context: ChannelHandlerContext) {
        guard let request = candidate else { return }
        candidate = nil
        answers.metrics.end()
        handOn(request.head, context)
        if request.body.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(.body(request.body))) }
    }

    /// Puts behind this handler what serves the routes, unless it is there.
    ///
    /// - Returns: Whether it is; if not, the connection ends.
    private func serveRoutes(_ context: ChannelHandlerContext) -> Bool {
        guard !areRoutesServed else { return true }
        do {
            let channel = try HTTP1Channel.Value(
                wrappingChannelSynchronously: context.channel, configuration: .init(isOutboundHalfClosureEnabled: true))
            areRoutesServed = true
            routes.succeed(channel)
            return true
        } catch {
            context.close(promise: nil)
            return false
        }
    }

    // MARK: What is answered

    private func answer(_ request: Candidate, _ context: ChannelHandlerContext) -> Bool {
        let loop = context.eventLoop
        let (handler, context) = (NIOLoopBound(self, eventLoop: loop), context.loopBound)
        let (origin, answers, path) = (request.origin, answers, request.path)
        pending = request.responder(request.body, origin.trace) { result in
            loop.execute {
                let (response, body) = answers.response(to: origin, result, route: path)
                handler.value.send(response, body, context.value)
            }
        }
        guard pending != nil else { return false }
        candidate = nil
        return true
    }

    private func send(_ response: HTTPResponse, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        pending = nil
        answers.metrics.end()
        guard !isRemoved, context.channel.isActive else { return }
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        takeWaiting(context)
    }

    private func takeWaiting(_ context: ChannelHandlerContext) {
        guard !waiting.isEmpty else { return }
        let items = waiting
        waiting = []
        for item in items { take(item, context) }
        context.fireChannelReadComplete()
        if waiting.isEmpty, isReadPutOff {
            isReadPutOff = false
            context.read()
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data), handedOn > 0 { handedOn -= 1 }
        context.write(data, promise: promise)
    }
}

@available(*, unavailable)
extension DirectHandler: Sendable {}
