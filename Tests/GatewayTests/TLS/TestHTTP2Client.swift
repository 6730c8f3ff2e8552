import NIOCore
import NIOHPACK
import NIOPosix
import NIOSSL
import TestKit

/// A frame of HTTP/2 (RFC 9113 §4.1) as it stands on the wire.
struct TestHTTP2Frame {
    enum Kind: UInt8 {
        case data, headers, priority, reset, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    static let endStream: UInt8 = 0x1
    static let acknowledge: UInt8 = 0x1
    static let endHeaders: UInt8 = 0x4

    var kind: Kind
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload = ByteBuffer()
    /// What HEADERS hold.
    var fields: [(name: String, value: String)] = []

    var endsStream: Bool { (kind == .data || kind == .headers) && flags & Self.endStream != 0 }

    /// The error code of RST_STREAM and GOAWAY.
    var code: UInt32? {
        switch kind {
        case .reset: payload.getInteger(at: payload.readerIndex)
        case .goAway: payload.getInteger(at: payload.readerIndex + 4)
        default: nil
        }
    }
}

/// Error codes (RFC 9113 §7).
enum TestHTTP2Code {
    static let none: UInt32 = 0x0
    static let protocolError: UInt32 = 0x1
    static let frameSize: UInt32 = 0x6
    static let refusedStream: UInt32 = 0x7
    static let cancel: UInt32 = 0x8
    static let calm: UInt32 = 0xb
}

/// The connection ended before what was waited for.
struct TestHTTP2Ended: Error {}

/// What came on one stream.
struct TestHTTP2Response {
    var fields: [(name: String, value: String)] = []
    var interim: [Int] = []
    var body = ByteBuffer()
    /// The fields behind the content.
    var trailers: [(name: String, value: String)] = []
    /// The code of RST_STREAM, if the stream ended by it.
    var resetCode: UInt32?

    var status: Int { self[":status"].flatMap { Int($0) } ?? 0 }
    var text: String { String(buffer: body) }
    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// An HTTP/2 connection whose frames a test writes and reads itself.
///
/// It is closed after a while, so that a test that waits in vain fails.
struct TestHTTP2Client {
    private static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    let channel: any Channel
    private var arrivals: AsyncStream<ByteBuffer>.Iterator
    private var pending = ByteBuffer()
    private var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
    private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
    /// Whether what was read is made room for again at once.
    var opensWindows = true

    private init(_ channel: any Channel, _ arrivals: AsyncStream<ByteBuffer>) {
        self.channel = channel
        self.arrivals = arrivals.makeAsyncIterator()
    }

    /// Connects to a port of this machine and sends `preface` and SETTINGS.
    static func with<Result>(
        port: Int, preface: String = preface, window: UInt32 = 65_535, protocols: [String] = ["h2"],
        _ body: (inout TestHTTP2Client) async throws -> Result
    ) async throws -> Result {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        tls.applicationProtocols = protocols
        let context = try NIOSSLContext(configuration: tls)
        let (arrivals, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                    try pipeline.addHandler(Arrivals(continuation: continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let end = channel.eventLoop.scheduleTask(in: .seconds(60)) { channel.close(promise: nil) }
        defer {
            end.cancel()
            channel.close(promise: nil)
        }
        var client = TestHTTP2Client(channel, arrivals)
        try await client.send(ByteBuffer(string: preface))
        var settings = ByteBuffer()
        settings.writeInteger(UInt16(4))
        settings.writeInteger(window)
        if preface == Self.preface { try await client.send(TestHTTP2Frame(kind: .settings, payload: settings)) }
        return try await body(&client)
    }

    private final class Arrivals: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let continuation: AsyncStream<ByteBuffer>.Continuation

        init(continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }

        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    // MARK: Writing

    func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }

    func send(_ frame: TestHTTP2Frame) async throws {
        var bytes = ByteBuffer()
        bytes.writeInteger(UInt32(frame.payload.readableBytes) << 8 | UInt32(frame.kind.rawValue))
        bytes.writeInteger(frame.flags)
        bytes.writeInteger(frame.stream)
        bytes.writeImmutableBuffer(frame.payload)
        try await send(bytes)
    }

    /// Sends the head of a request, with the pseudo-header fields of a GET where `fields` has none of its own.
    mutating func request(
        _ stream: UInt32, path: String = "/items/1", method: String = "GET",
        pseudo: [(String, String)]? = nil, _ fields: [(String, String)] = [], ends: Bool = true
    ) async throws {
        let standard = [(":method", method), (":scheme", "https"), (":path", path), (":authority", "lms")]
        var block = ByteBuffer()
        try encoder.encode(headers: HPACKHeaders((pseudo ?? standard) + fields), to: &block)
        let flags = TestHTTP2Frame.endHeaders | (ends ? TestHTTP2Frame.endStream : 0)
        try await send(TestHTTP2Frame(kind: .headers, flags: flags, stream: stream, payload: block))
    }

    func data(_ stream: UInt32, _ bytes: ByteBuffer, ends: Bool = false) async throws {
        try await send(
            TestHTTP2Frame(kind: .data, flags: ends ? TestHTTP2Frame.endStream : 0, stream: stream, payload: bytes))
    }

    func reset(_ stream: UInt32) async throws {
        let code = ByteBuffer(integer: TestHTTP2Code.cancel)
        try await send(TestHTTP2Frame(kind: .reset, stream: stream, payload: code))
    }

    func openWindow(_ stream: UInt32, by bytes: Int) async throws {
        let increment = ByteBuffer(integer: UInt32(bytes))
        try await send(TestHTTP2Frame(kind: .windowUpdate, stream: stream, payload: increment))
    }

    // MARK: Reading

    /// The next frame; nil at the end. SETTINGS and PING are answered.
    mutating func next() async throws -> TestHTTP2Frame? {
        while pending.readableBytes < 9 || pending.readableBytes < 9 + length {
            guard var bytes = await arrivals.next() else { return nil }
            pending.writeBuffer(&bytes)
        }
        let count = length
        guard let word = pending.readInteger(as: UInt32.self), let flags = pending.readInteger(as: UInt8.self),
            let stream = pending.readInteger(as: UInt32.self), let payload = pending.readSlice(length: count),
            let kind = TestHTTP2Frame.Kind(rawValue: UInt8(truncatingIfNeeded: word))
        else { return nil }
        var frame = TestHTTP2Frame(kind: kind, flags: flags, stream: stream, payload: payload)
        // The table of names belongs to all streams together.
        if kind == .headers { frame.fields = try headers(frame) }
        try? await answer(frame)
        return frame
    }

    private var length: Int { Int((pending.getInteger(at: pending.readerIndex, as: UInt32.self) ?? 0) >> 8) }

    /// A connection that has ended meanwhile takes no answer.
    private func answer(_ frame: TestHTTP2Frame) async throws {
        switch frame.kind {
        case .settings, .ping:
            guard frame.flags & TestHTTP2Frame.acknowledge == 0 else { return }
            let payload = frame.kind == .ping ? frame.payload : ByteBuffer()
            try await send(TestHTTP2Frame(kind: frame.kind, flags: TestHTTP2Frame.acknowledge, payload: payload))
        case .data where opensWindows && frame.payload.readableBytes > 0:
            try await openWindow(0, by: frame.payload.readableBytes)
            if !frame.endsStream { try await openWindow(frame.stream, by: frame.payload.readableBytes) }
        default: break
        }
    }

    /// The next frame of that kind; those before it are dropped.
    ///
    /// - Throws: ``TestHTTP2Ended`` when the connection ends before.
    mutating func next(_ kind: TestHTTP2Frame.Kind) async throws -> TestHTTP2Frame {
        while let frame = try await next() {
            if frame.kind == kind { return frame }
        }
        throw TestHTTP2Ended()
    }

    /// Everything that comes on a stream, up to its end; what comes on others is dropped.
    mutating func response(_ stream: UInt32) async throws -> TestHTTP2Response {
        var response = TestHTTP2Response()
        while let frame = try await next() {
            guard frame.stream == stream else { continue }
            switch frame.kind {
            case .headers where response.status >= 200: response.trailers = frame.fields
            case .headers:
                response.fields = frame.fields
                if response.status < 200 { response.interim.append(response.status) }
            case .data: response.body.writeImmutableBuffer(frame.payload)
            case .reset:
                response.resetCode = frame.code
                return response
            default: break
            }
            if frame.endsStream { return response }
        }
        throw TestHTTP2Ended()
    }

    private mutating func headers(_ frame: TestHTTP2Frame) throws -> [(name: String, value: String)] {
        var block = frame.payload
        return try decoder.decodeHeaders(from: &block).map { ($0.name, $0.value) }
    }

    /// Reads to the end of the connection, and gives the code of the last GOAWAY.
    mutating func goAway() async throws -> UInt32? {
        var code: UInt32?
        while let frame = try await next() {
            if frame.kind == .goAway { code = frame.code }
        }
        return code
    }
}
