import HTTPWire
import NIOCore
import NIOHTTP2
import NIOTLS

/// A client's TLS connection, from its acceptance to its end: it waits for the handshake, and then makes room for the
/// protocol that was agreed on.
///
/// Over HTTP/1.1 a ``ClientConnection`` takes over. Over HTTP/2 there is one for each stream, while this one sees to
/// what concerns them all: being idle, and going away.
final class SecureConnection: ChannelInboundHandler, TimedConnection {
    // Bytes pass it as they are.
    typealias InboundIn = ByteBuffer

    private enum Stage {
        case handshake
        /// The connection of the one who took over has deadlines of its own.
        case http1
        case http2
        /// The client has been told that no further streams are taken.
        case goingAway
    }

    /// For a client to end a connection that it was told goes away.
    private static let goAwayTimeout = TimeAmount.seconds(2)

    let worker: Worker
    let site: Site.Kind
    private let streamLimit: Int
    var slot: Int?
    let isCounted = true
    var countedAddress: UInt64?
    /// What is known of the client.
    private(set) var origin = ClientOrigin(nil, scheme: "https")
    private var stage = Stage.handshake
    private var deadline = NIODeadline.distantFuture
    private var openStreams = 0
    private var context: ChannelHandlerContext?

    init(worker: Worker, site: Site.Kind, streamLimit: Int) {
        self.worker = worker
        self.site = site
        self.streamLimit = streamLimit
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        origin = ClientOrigin(context.channel.remoteAddress, scheme: "https")
        guard worker.admit(self, isPublic: true, from: origin) else { return abort() }
        deadline = worker.now + worker.generation.configuration.clients.headerTimeout
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted(let name) = event, stage == .handshake {
            do {
                try begin(name, context)
            } catch {
                abort()
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        worker.remove(self)
        context.fireChannelInactive()
    }

    /// Makes room for the protocol; a client that names none speaks HTTP/1.1.
    private func begin(_ name: String?, _ context: ChannelHandlerContext) throws {
        let pipeline = context.pipeline.syncOperations
        guard name == "h2" else {
            stage = .http1
            deadline = .distantFuture
            let connection = ClientConnection(worker: worker, site: site, carrier: self)
            try pipeline.addHandler(connection)
            if worker.isDraining { connection.drain() }
            return
        }
        stage = .http2
        deadline = worker.now + worker.generation.configuration.clients.headerTimeout
        try pipeline.addHTTP2(
            for: self, streamLimit: streamLimit, headLimits: worker.generation.configuration.clients.headLimits,
            on: context.eventLoop)
        if worker.isDraining { goAway() }
    }

    // MARK: Streams

    func streamOpened() {
        openStreams += 1
        deadline = .distantFuture
    }

    func streamClosed() {
        openStreams -= 1
        guard openStreams == 0 else { return }
        let idleTimeout = worker.generation.configuration.clients.idleTimeout
        deadline = worker.now + (stage == .goingAway ? Self.goAwayTimeout : idleTimeout)
    }

    // MARK: Ending

    func checkDeadline(_ now: NIODeadline) {
        guard deadline <= now else { return }
        if stage == .http2 { goAway() } else { abort() }
    }

    func drain() {
        switch stage {
        case .http2: goAway()
        case .handshake, .http1, .goingAway: break
        }
    }

    /// Tells the client to open no further streams (RFC 9113 §6.8); the connection ends with the last of them.
    private func goAway() {
        stage = .goingAway
        deadline = openStreams == 0 ? worker.now + Self.goAwayTimeout : .distantFuture
        context?.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }

    func abort() {
        deadline = .distantFuture
        context?.close(promise: nil)
    }
}
