import ArgumentParser
import NIOCore
import NIOPosix
import Synchronization

/// How many frames a second come back through a proxy from `echo`.
struct EchoLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo-load",
        abstract: "Counts the frames that come back over WebSockets, of which each has one under way; prints JSON.")

    @Option(help: "The port of 127.0.0.1 to connect to.")
    var port: Int

    @Option(help: "The path to ask for.")
    var path = "/ws/bench"

    @Option(help: "How many WebSockets there are.")
    var connections = 64

    @Option(help: "Bytes of a frame's payload.")
    var bytes = 128

    @Option(help: "For how many seconds, after all are open.")
    var seconds = 3.0

    func validate() throws {
        guard (1...10_000).contains(connections) else {
            throw ValidationError("--connections must be between 1 and 10000.")
        }
        guard (126...65_535).contains(bytes) else { throw ValidationError("--bytes must be between 126 and 65535.") }
        guard (0.1...60).contains(seconds) else { throw ValidationError("--seconds must be between 0.1 and 60.") }
    }

    func run() async throws {
        let tally = Tally()
        let frame = Self.frame(bytes)
        let request = ByteBuffer(
            string: "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        EchoClient(request: request, frame: frame, tally: tally))
                }
            }
        for _ in 0..<connections { _ = try await bootstrap.connect(host: "127.0.0.1", port: port).get() }
        let limit = ContinuousClock.now.advanced(by: .seconds(10))
        while tally.open.load(ordering: .relaxed) < connections {
            guard tally.lost.load(ordering: .relaxed) == 0, ContinuousClock.now < limit else {
                throw ValidationError("The WebSockets do not open.")
            }
            // Asks again soon: this happens once, before anything is measured.
            try await Task.sleep(for: .milliseconds(5))
        }
        let start = ContinuousClock.now
        let before = tally.frames.load(ordering: .relaxed)
        // The time that is measured.
        try await Task.sleep(for: .seconds(seconds))
        let frames = tally.frames.load(ordering: .relaxed) - before
        let taken = start.duration(to: .now) / .seconds(1)
        print(#"{"frames": \#(frames), "seconds": \#(taken), "lost": \#(tally.lost.load(ordering: .relaxed))}"#)
    }

    /// A whole text frame (RFC 6455 §5.2) with a mask that changes nothing.
    private static func frame(_ length: Int) -> ByteBuffer {
        var frame = ByteBuffer(bytes: [0x81, 0xfe])
        frame.writeInteger(UInt16(length))
        frame.writeInteger(UInt32(0))
        frame.writeRepeatingByte(UInt8(ascii: "a"), count: length)
        return frame
    }
}

/// What all connections have counted.
private final class Tally: Sendable {
    let open = Atomic<Int>(0)
    let lost = Atomic<Int>(0)
    let frames = Atomic<Int>(0)
}

private final class EchoClient: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: ByteBuffer
    private let frame: ByteBuffer
    private let tally: Tally
    private var handshake: Handshake? = Handshake()
    /// Bytes of the frame under way that have not come back.
    private var awaited = 0

    init(request: ByteBuffer, frame: ByteBuffer, tally: Tally) {
        self.request = request
        self.frame = frame
        self.tally = tally
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if handshake != nil {
            guard let head = handshake?.take(&bytes) else { return }
            guard head.hasPrefix("http/1.1 101 ") else { return context.close(promise: nil) }
            handshake = nil
            tally.open.add(1, ordering: .relaxed)
            return send(context)
        }
        awaited -= bytes.readableBytes
        guard awaited <= 0 else { return }
        tally.frames.add(1, ordering: .relaxed)
        send(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        tally.lost.add(1, ordering: .relaxed)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func send(_ context: ChannelHandlerContext) {
        awaited = frame.readableBytes
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}
