import NIOCore
import NIOPosix
import Synchronization

/// A server that says what the test has written down, byte by byte if need be, whatever it is asked: for answers that
/// no well-behaved server gives.
public final class RawServer: Sendable {
    private let channel: any Channel
    private let counter: Counter

    private init(channel: any Channel, counter: Counter) {
        self.channel = channel
        self.counter = counter
    }

    /// Starts a server on a free loopback port, which runs as long as the process.
    ///
    /// - Parameters:
    ///   - pieces: What is said to the first bytes of each connection; nothing more comes behind the last one, and the
    ///     connection stays open.
    ///   - pause: Between two pieces.
    public static func start(_ pieces: [String], pause: Duration = .zero) async throws -> RawServer {
        let counter = Counter()
        let nanoseconds = pause.components.seconds * 1_000_000_000 + pause.components.attoseconds / 1_000_000_000
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                counter.value.withLock { $0.begin() }
                channel.closeFuture.whenComplete { _ in counter.value.withLock { $0.end() } }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Speaker(pieces: pieces, pause: .nanoseconds(nanoseconds)))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return RawServer(channel: channel, counter: counter)
    }

    public var port: Int { channel.localAddress?.port ?? 0 }

    /// Such as `http://127.0.0.1:40123`.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// How many connections it has been asked for.
    public var connections: Int { counter.value.withLock(\.accepted) }

    /// How many of them were open together at most.
    public var mostConnectionsAtOnce: Int { counter.value.withLock(\.mostOpen) }

    private struct Connections {
        private(set) var accepted = 0
        private(set) var mostOpen = 0
        private var current = 0

        mutating func begin() {
            accepted += 1
            current += 1
            mostOpen = max(mostOpen, current)
        }

        mutating func end() { current -= 1 }
    }

    private final class Counter: Sendable {
        let value = Mutex(Connections())
    }
}

private final class Speaker: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var pieces: ArraySlice<String>
    private let pause: TimeAmount
    private var hasBegun = false

    init(pieces: [String], pause: TimeAmount) {
        self.pieces = pieces[...]
        self.pause = pause
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasBegun else { return }
        hasBegun = true
        speak(context)
    }

    private func speak(_ context: ChannelHandlerContext) {
        guard let piece = pieces.popFirst(), context.channel.isActive else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: piece)), promise: nil)
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: pause) {
            let (speaker, context) = loopBound.value
            speaker.speak(context)
        }
    }
}
