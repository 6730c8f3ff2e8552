import HTTPWire
import NIOCore
import NIOPosix

/// Why a probe got no answer.
enum ProbeError: Error, Equatable {
    case timedOut
    case closed
    case malformed
    case tooLarge
}

/// One GET on a connection of its own: for health checks and documents, not for traffic.
struct Probe: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: ByteBuffer
    }

    let group: any EventLoopGroup
    /// For the whole request.
    let timeout: TimeAmount
    /// Bytes of body that are taken.
    var limit = 4 << 20

    /// Asks `address` for `path`.
    ///
    /// - Throws: `ProbeError`, or what connecting throws.
    func get(_ path: String, from address: SocketAddress, host: String) async throws -> Answer {
        let loop = group.next()
        let promise = loop.makePromise(of: Answer.self)
        let request = ByteBuffer(string: "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        let limit = limit
        let timeout = timeout
        ClientBootstrap(group: loop)
            .connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = ProbeHandler(request: request, limit: limit, promise: promise)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    channel.eventLoop.assumeIsolated().scheduleTask(in: timeout) { handler.fail(.timedOut) }
                }
            }
            .connect(to: address)
            .whenFailure { promise.fail($0) }
        return try await promise.futureResult.get()
    }
}

/// Sends the request of a probe and gathers the response.
private final class ProbeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: ByteBuffer
    private let limit: Int
    private var promise: EventLoopPromise<Probe.Answer>?
    private var context: ChannelHandlerContext?
    private var parser = ResponseParser()
    private var head = ResponseHead()
    private var reader: BodyReader?
    private var inbound = ByteBuffer()
    private var body = ByteBuffer()

    init(request: ByteBuffer, limit: Int, promise: EventLoopPromise<Probe.Answer>) {
        self.request = request
        self.limit = limit
        self.promise = promise
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        inbound.writeBuffer(&bytes)
        do { try receive() } catch { fail(.malformed) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if reader?.endsWithConnection == true { succeed() } else { fail(.closed) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(.closed) }

    func fail(_ error: ProbeError) {
        promise?.fail(error)
        promise = nil
        context?.close(promise: nil)
    }

    private func succeed() {
        promise?.succeed(Probe.Answer(status: head.status, body: body))
        promise = nil
        context?.close(promise: nil)
    }

    private func receive() throws(MessageError) {
        var bytes = inbound
        defer { inbound = bytes }
        if reader == nil {
            guard let length = try parser.parse(bytes.readableBytesUInt8Span, into: &head) else { return }
            bytes.moveReaderIndex(forwardBy: length)
            reader = BodyReader(try head.framing(toHead: false), trailers: .any)
        }
        guard var reader else { return }
        while let piece = try reader.next(in: bytes.readableBytesUInt8Span, from: 0) {
            switch piece {
            case .framing(let count), .trailer(let count): bytes.moveReaderIndex(forwardBy: count)
            case .content(let count): if var content = bytes.readSlice(length: count) { body.writeBuffer(&content) }
            }
        }
        self.reader = reader
        if body.readableBytes > limit { return fail(.tooLarge) }
        if reader.isDone { succeed() }
    }
}
