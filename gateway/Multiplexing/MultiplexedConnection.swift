import HTTPWire
import NIOCore
import NIOPosix

/// A connection to a copy of a service that the requests of many clients share: each goes whole and gets a whole answer.
///
/// What the clients of an event loop send at about the same time goes out in one write, and their answers come in few
/// reads. It lives on that event loop, as the clients do.
final class MultiplexedConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case connecting, switching, open
        /// What is under way is answered; nothing else is sent.
        case ending
        case closed
    }

    /// Requests under way, beyond which others have connections of their own.
    private static let mostUnderWay = 1024
    /// Bytes that gather for one write, beyond which it is the same.
    private static let mostGathered = 1 << 20
    /// How long after the last connection ended, or could not be made, another is tried.
    private static let pause = TimeAmount.seconds(1)
    /// The same with a copy that does not know the protocol: it may be an older one, and another after its next start.
    private static let longPause = TimeAmount.seconds(60)

    let endpoint: UpstreamEndpoint
    private let loop: any EventLoop
    private var state = State.connecting
    private var context: ChannelHandlerContext?
    private var parser = ResponseParser()
    private var head = ResponseHead()
    /// The beginning of a message whose rest has not come yet.
    private var inbound = ByteBuffer()
    private var outgoing = ByteBuffer()
    private var isFlushAwaited = false
    private var lastID = MultiplexFrame.goingAway
    /// Whose requests are under way, by their numbers; a client and this hold each other until the answer.
    private var waiting: [UInt32: ClientConnection] = [:]
    private(set) var lastUsed: NIODeadline

    init(_ endpoint: UpstreamEndpoint, on loop: any EventLoop, now: NIODeadline) {
        self.endpoint = endpoint
        self.loop = loop
        lastUsed = now
    }

    /// Connects, and asks the service to change protocols.
    func open() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
            }
            .connectTimeout(.seconds(5))
            .connect(to: endpoint.address)
            .whenFailure { _ in bound.value.ended(triesAgainIn: Self.pause) }
    }

    // MARK: What clients ask for

    /// Whether a request may be sent here now.
    var isOpen: Bool {
        state == .open && waiting.count < Self.mostUnderWay && outgoing.readableBytes < Self.mostGathered
            && context?.channel.isWritable == true
    }

    var isIdle: Bool { waiting.isEmpty }

    /// Sends a whole request, with those of other clients that come by the end of this turn of the event loop.
    ///
    /// - Returns: its number.
    func send(_ message: ByteBuffer, for client: ClientConnection, now: NIODeadline) -> UInt32 {
        repeat { lastID &+= 1 } while lastID == MultiplexFrame.goingAway || waiting[lastID] != nil
        waiting[lastID] = client
        lastUsed = now
        MultiplexFrame.write(id: lastID, into: &outgoing) { $0.writeImmutableBuffer(message) }
        awaitFlush()
        return lastID
    }

    /// A client waits no longer.
    func leave(_ id: UInt32) {
        waiting[id] = nil
        closeIfOver()
    }

    /// Takes no other request, and is closed behind the last answer.
    func end() {
        guard state != .closed else { return }
        state = .ending
        leaveEndpoint(for: Self.pause)
        closeIfOver()
    }

    private func closeIfOver() {
        if state == .ending, waiting.isEmpty { context?.close(promise: nil) }
    }

    private func awaitFlush() {
        guard !isFlushAwaited else { return }
        isFlushAwaited = true
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.execute { bound.value.flush() }
    }

    private func flush() {
        isFlushAwaited = false
        guard outgoing.readableBytes > 0, let context else { return }
        let bytes = outgoing
        outgoing = ByteBuffer()
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    // MARK: What the channel tells

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        guard state == .connecting else { return context.close(promise: nil) }
        state = .switching
        outgoing.writeString(
            "GET / HTTP/1.1\r\nHost: \(endpoint.name)\r\nConnection: Upgrade\r\n"
                + "Upgrade: \(MultiplexFrame.protocolName)\r\n\r\n")
        flush()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        bytes.prepend(&inbound)
        do {
            if state == .switching { try readSwitch(&bytes) }
            while state != .switching,
                let frame = try MultiplexFrame(from: &bytes, longest: MultiplexFrame.longestAnswer)
            {
                receive(frame)
            }
            if bytes.readableBytes > 0 { inbound = bytes }
        } catch {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended(triesAgainIn: state == .switching ? Self.longPause : Self.pause)
    }

    private func ended(triesAgainIn pause: TimeAmount) {
        state = .closed
        leaveEndpoint(for: pause)
        let lost = waiting
        waiting = [:]
        // It is one failure of the copy, however many it concerns.
        var isCounted = true
        for client in lost.values {
            client.upstreamLost(.closed, isCounted: isCounted)
            isCounted = false
        }
    }

    private func leaveEndpoint(for pause: TimeAmount) {
        guard endpoint.multiplexed === self else { return }
        endpoint.multiplexed = nil
        endpoint.multiplexesFrom = .now() + pause
    }

    // MARK: Answers

    private func readSwitch(_ bytes: inout ByteBuffer) throws(MessageError) {
        guard let length = try parser.parse(bytes.readableBytesUInt8Span, into: &head) else { return }
        guard head.status == 101 else { throw .malformed("an answer of one who does not know the protocol") }
        bytes.moveReaderIndex(forwardBy: length)
        state = .open
    }

    private func receive(_ frame: MultiplexFrame) {
        guard frame.id != MultiplexFrame.goingAway else { return end() }
        // Whose client has left in the meantime has nobody to go to.
        guard let client = waiting.removeValue(forKey: frame.id) else { return }
        if frame.message.readableBytes == 0 {
            client.sendAlone()
        } else {
            answer(client, frame.message)
        }
        closeIfOver()
    }

    private func answer(_ client: ClientConnection, _ message: ByteBuffer) {
        do {
            guard let length = try parser.parse(message.readableBytesUInt8Span, into: &head) else {
                throw MessageError.malformed("part of a head")
            }
            try client.receive(head, message, headLength: length)
        } catch {
            parser = ResponseParser()
            client.upstreamLost(.malformed)
        }
    }
}
