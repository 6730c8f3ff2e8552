import HTTPWire
import NIOCore
import NIOPosix

/// A connection to a service: reads responses and hands them to the client connection that it serves.
///
/// It lives on the event loop of that client connection, so that no byte changes threads.
final class UpstreamConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case connecting, idle, head
        case body(BodyReader)
        case tunnel, closed
    }

    let endpoint: UpstreamEndpoint
    private unowned let pool: UpstreamPool
    /// Whose request is under way here; the two hold each other until it ends.
    private var client: ClientConnection?
    /// Until when the pool keeps this connection.
    var idleUntil = NIODeadline.uptimeNanoseconds(0)

    private var state = State.connecting
    private var context: ChannelHandlerContext?
    private var parser = ResponseParser()
    private var head = ResponseHead()
    /// The beginning of a head whose rest has not come yet.
    private var inbound = ByteBuffer()
    private var withheldRead = false
    /// Whether it ends by an error, as by a reset, and not by the service's closing it.
    private var hasFailed = false
    private var needsFlush = false

    init(endpoint: UpstreamEndpoint, pool: UpstreamPool) {
        self.endpoint = endpoint
        self.pool = pool
    }

    // MARK: What the client connection asks for

    /// Connects, and tells `client` how that went.
    func connect(on loop: any EventLoop, for client: ClientConnection) {
        self.client = client
        let bound = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
            }
            // The client connection has its own deadline, which is sooner.
            .connectTimeout(.seconds(60))
            .connect(to: endpoint.address)
            .whenComplete { bound.value.connected($0) }
    }

    private func connected(_ result: Result<any Channel, any Error>) {
        let client = self.client
        switch result {
        case .success(let channel):
            guard let client else { return channel.close(promise: nil) }
            client.upstreamConnected(self)
        case .failure:
            self.client = nil
            state = .closed
            client?.upstreamLost(.notConnected)
        }
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Begins a request: what is read from now on is its response.
    func begin(for client: ClientConnection) {
        self.client = client
        state = .head
    }

    func write(_ bytes: ByteBuffer) {
        needsFlush = true
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    func flush() {
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }

    /// Reads on, if reading was held back for the client.
    func resumeReading() {
        guard withheldRead, let context else { return }
        withheldRead = false
        context.read()
    }

    /// Ends the connection, whatever is under way.
    func close() {
        client = nil
        state = .closed
        context?.close(promise: nil)
    }

    // MARK: What the channel tells

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func read(context: ChannelHandlerContext) {
        if client?.isWritable ?? true {
            context.read()
        } else {
            withheldRead = true
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        bytes.prepend(&inbound)
        receive(&bytes)
        client?.writePendingHead()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        client?.flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { client?.resumeReading() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        hasFailed = true
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let last = state
        let client = self.client
        self.client = nil
        state = .closed
        switch last {
        case .idle: pool.remove(self)
        case .body(let reader): client?.responseBroke(isComplete: reader.endsWithConnection && !hasFailed)
        case .head: client?.upstreamLost(.closed)
        case .tunnel: client?.tunnelEnded()
        case .connecting, .closed: break
        }
    }

    // MARK: Responses

    private func receive(_ bytes: inout ByteBuffer) {
        while bytes.readableBytes > 0 {
            switch state {
            case .head:
                guard readHead(&bytes) else { return }
            case .body(var reader):
                guard readBody(&bytes, &reader) else { return }
            case .tunnel:
                client?.forwardTunnel(bytes)
                return
            case .idle:
                // Nobody asked for anything, and nobody may be given this for an answer.
                pool.remove(self)
                return close()
            case .connecting, .closed:
                return close()
            }
        }
    }

    /// - Returns: whether to go on with what is left of `bytes`.
    private func readHead(_ bytes: inout ByteBuffer) -> Bool {
        guard let client else {
            close()
            return false
        }
        do {
            guard let length = try parser.parse(bytes.readableBytesUInt8Span, into: &head) else {
                inbound = bytes
                return false
            }
            try respond(client, &bytes, length)
            return true
        } catch {
            fail(.malformed)
            return false
        }
    }

    private func respond(
        _ client: ClientConnection, _ bytes: inout ByteBuffer, _ length: Int
    ) throws(MessageError) {
        defer { bytes.moveReaderIndex(forwardBy: length) }
        if head.isInterim { return }
        if head.status == 101 {
            guard client.acceptsUpgrade else { throw .malformed("an upgrade that nobody asked for") }
            state = .tunnel
            client.beginTunnel(head, bytes.readableBytesUInt8Span)
            return
        }
        if head.status == 408, head.closes, head.contentLength == 0 {
            // The connection was about to be closed, and nobody has acted on the request (RFC 9110 §15.5.9). What a service
            // says of a request itself has content.
            return fail(.unused)
        }
        let framing = try head.framing(toHead: client.isHead)
        let reader = BodyReader(framing, trailers: .any)
        client.beginResponse(head, bytes.readableBytesUInt8Span, framing)
        if reader.isDone {
            finish(client, isReusable: head.persists && bytes.readableBytes == length)
        } else {
            state = .body(reader)
        }
    }

    /// - Returns: whether to go on with what is left of `bytes`.
    private func readBody(_ bytes: inout ByteBuffer, _ reader: inout BodyReader) -> Bool {
        guard let client else {
            close()
            return false
        }
        do {
            try client.forwardBody(&bytes, &reader)
        } catch {
            fail(.malformed)
            return false
        }
        if reader.isDone {
            finish(client, isReusable: head.persists && bytes.readableBytes == 0)
        } else {
            state = .body(reader)
        }
        return true
    }

    private func finish(_ client: ClientConnection, isReusable: Bool) {
        self.client = nil
        state = .idle
        client.endResponse(isReusable: isReusable)
    }

    private func fail(_ loss: Exchange.Loss) {
        let client = self.client
        close()
        client?.upstreamLost(loss)
    }
}
