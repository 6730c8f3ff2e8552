import HTTPWire
import NIOCore

/// A client's connection: reads its requests one after the other, and passes each on and its response back.
///
/// A connection with TLS carries one of these, or one for each stream of HTTP/2, which looks like a connection with one
/// request; without TLS it is the only handler in its pipeline. Everything that it touches is on its event loop. What the
/// extensions in the neighbouring files do, in the order of a request: `+Requests` reads and admits it, `+Upstream` sends
/// it to a service, `+Responses` passes the answer back or gives one, `+Tunnel` takes over where it became a WebSocket,
/// `+Ending` gives up what takes too long, and ends the connection.
final class ClientConnection: ChannelDuplexHandler, TimedConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        /// Between two requests.
        case idle
        /// Part of a head has come.
        case head
        /// A request is under way.
        case exchange
        /// The response is out, but not all of the request is in.
        case discarding
        /// No further response follows; what still comes is read so that the client gets to see the last one.
        case lingering
        /// Bytes pass both ways.
        case tunnel
        case closed
    }

    /// Bytes of a request that wait here for the service, or of pipelined requests for their turn, before reading
    /// stops.
    static let bufferLimit = 64 * 1024
    /// A buffer as long is kept between two requests: there may be many connections on which nothing is sent.
    static let keptLength = 4096

    let worker: Worker
    let siteKind: Site.Kind
    /// What is served to the request under way.
    var site: Site
    /// The TLS connection that carries this one; nil for one without TLS.
    private let carrier: SecureConnection?
    /// Whether it is one of several streams of its carrier.
    let isStream: Bool
    /// The place in the worker's list.
    var slot: Int?
    var isCounted: Bool { carrier == nil }
    var countedAddress: UInt64?
    var phase = Phase.idle
    /// When to give up what is being waited for.
    var deadline = NIODeadline.distantFuture
    private(set) var context: ChannelHandlerContext?
    /// Who is at the other end.
    private var peer = ClientOrigin(nil, scheme: "http")
    /// The proxies that are believed there; nil where none of them is.
    private var proxies: TrustedProxies?
    /// Who asks.
    private(set) var origin = ClientOrigin(nil, scheme: "http")

    // The request under way.
    var parser: RequestParser
    var head = RequestHead()
    var exchange = Exchange(isRepeatable: false, keepsClient: true)
    var route: Route?
    var body = BodyReader(.none, trailers: .none)
    var contentSeen = 0
    var pace = BodyPace()
    var requestID = ByteBuffer()
    /// `traceparent`, as the client sent it or made here.
    var trace = ByteBuffer()
    var loggedPath = ByteBuffer()
    var rate: RateDecision?
    var ticket: RateLimiter.Ticket?
    var acceptsGzip = false
    /// Whether it is about what differs from a weak entity tag; known where answers are compressed.
    var hasWeakTag = false
    var rules = ResponseRules.none
    /// The origin of the page that asks, where it may read the answer; else empty.
    var pageOrigin = ByteBuffer()
    var started = NIODeadline.uptimeNanoseconds(0)
    var progress = Progress()

    /// Bytes that have come and not been looked at: the beginning of a head, or pipelined requests.
    private(set) var inbound = ByteBuffer()
    /// The head as the service gets it and what is held of the body, in case it must be sent again.
    var outgoing = ByteBuffer()
    var upstream: UpstreamConnection?
    /// Where the request is while it goes over a connection with others.
    var sharedPlace: SharedPlace?
    /// Whether it needs a connection of its own.
    var mustBeAlone = false
    var tunnel = Tunnel()

    // The response under way.
    var status = 0
    var bytesSent = 0
    /// Whether the head of the response stands in the worker's scratch buffer, which it does only within one read.
    var hasPendingHead = false
    /// Whether chunks are unwrapped, for a client that does not know them.
    var unwrapsChunks = false
    /// What compresses the body; nil where it passes as it is.
    var compressor: GzipCompressor?
    /// What is to follow of a large answer of the gateway's own.
    var localBody = LocalBody()
    /// Bytes that are still read only to be dropped.
    var discardAllowance = 0
    var lingeringBytes = 0

    var turn = PipeliningTurn()
    /// Whether reading is held back.
    private(set) var withheldRead = false
    /// Whether the client sends nothing more.
    private(set) var isInputEnded = false
    /// Whether what has come is being looked at.
    private var isProcessing = false
    private var needsFlush = false

    init(worker: Worker, site: Site.Kind, carrier: SecureConnection? = nil, isStream: Bool = false) {
        self.worker = worker
        siteKind = site
        self.site = worker.site(site)
        self.carrier = carrier
        self.isStream = isStream
        parser = RequestParser(limits: worker.generation.configuration.clients.headLimits)
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // With TLS the channel was active before this was there.
        if context.channel.isActive { begin(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
    }

    private func begin(_ context: ChannelHandlerContext) {
        let clients = worker.generation.configuration.clients
        if let carrier {
            worker.add(self)
            peer = carrier.origin
            if isStream { carrier.streamOpened() }
        } else {
            peer = ClientOrigin(context.channel.remoteAddress, scheme: clients.scheme)
            guard worker.admit(self, isPublic: site.isPublic, from: peer) else { return abort() }
        }
        origin = peer
        if site.isPublic, clients.trustedProxies.contains(peer.socketAddress) { proxies = clients.trustedProxies }
        deadline = worker.now + clients.headerTimeout
    }

    /// Whether a trusted proxy says that the client came by TLS.
    var isSecureBehindProxy: Bool { proxies != nil && origin.isSecure }

    /// Finds out who asks by a request, where another speaks for them.
    func findOrigin(_ bytes: Span<UInt8>) {
        if let proxies { origin = proxies.origin(of: head, bytes, behind: peer) }
    }

    func read(context: ChannelHandlerContext) {
        if wantsRead {
            context.read()
        } else if !withheldRead {
            withheldRead = true
            holdBody()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        bytes.prepend(&inbound)
        take(&bytes)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        turn.endRead()
        upstream?.flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        if phase == .exchange, exchange.response == .started { extendDeadline() }
        upstream?.resumeReading()
        if localBody.isUnderWay { continueLocalBody() } else if phase == .idle { processInbound() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        isInputEnded = true
        endInput()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        giveUpRequest()
        phase = .closed
        if isStream, slot != nil { carrier?.streamClosed() }
        worker.remove(self)
    }

    // MARK: Reading

    /// Whether there is room for what the client sends next.
    private var wantsRead: Bool {
        switch phase {
        case .idle: isWritable && inbound.readableBytes < Self.bufferLimit
        case .head, .discarding, .lingering, .closed: true
        case .tunnel: upstream?.isWritable ?? true
        case .exchange:
            if localBody.isUnderWay, !exchange.requestEnded {
                // The rest of the request is dropped behind the answer.
                false
            } else if exchange.requestEnded {
                inbound.readableBytes < Self.bufferLimit
            } else if exchange.isConnected {
                upstream?.isWritable ?? true
            } else {
                outgoing.readableBytes < Self.bufferLimit
            }
        }
    }

    /// Reads on, if reading was held back and there is room now.
    func resumeReading() {
        guard withheldRead, wantsRead, let context else { return }
        withheldRead = false
        resumeBody()
        context.read()
    }

    /// Looks at what came while the last request was under way.
    func processInbound() {
        if inbound.readableBytes > 0 {
            var bytes = inbound
            inbound = ByteBuffer()
            take(&bytes)
            upstream?.flush()
        }
        // Within another call, what is left has yet to be put back.
        if isInputEnded, !isProcessing { endInput() }
        resumeReading()
    }

    /// Takes as much of `bytes` as can be dealt with now, and keeps the rest.
    private func take(_ bytes: inout ByteBuffer) {
        isProcessing = true
        process(&bytes)
        isProcessing = false
        if bytes.readableBytes > 0 { inbound = bytes }
    }

    // MARK: Writing

    var isWritable: Bool { context?.channel.isWritable ?? true }

    func write(_ bytes: ByteBuffer) {
        needsFlush = true
        bytesSent += bytes.readableBytes
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    func flush() {
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }
}
