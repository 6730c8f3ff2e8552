import ArgumentParser
import NIOCore
import NIOPosix

/// A service of WebSockets that sends back what it gets.
struct Echo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo", abstract: "Serves WebSockets that send back the bytes that they get, until it is stopped.")

    @Option(help: "The port of 127.0.0.1 that it listens on.")
    var port: Int

    func run() async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 4096)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(EchoHandler())
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        try await listener.closeFuture.get()
    }
}

/// Frames go back as they came, mask and all: whoever passes them on looks at no more than where they end.
private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var handshake: Handshake? = Handshake()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard handshake != nil else { return context.writeAndFlush(wrapOutboundOut(bytes), promise: nil) }
        guard let head = handshake?.take(&bytes) else { return }
        handshake = nil
        guard head.contains("websocket") else {
            // The gateway's checks.
            let answer = ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
            return context.close(promise: nil)
        }
        let answer = ByteBuffer(
            string: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    }
}

/// The head with which a WebSocket begins, as far as it has come.
struct Handshake {
    private var gathered: [UInt8] = []

    /// Takes all of `bytes`, with which the head must end if it is whole.
    ///
    /// - Returns: the head in lower case; nil until it is whole.
    mutating func take(_ bytes: inout ByteBuffer) -> String? {
        gathered += bytes.readableBytesView
        bytes.clear()
        guard gathered.suffix(4).elementsEqual([13, 10, 13, 10]) else { return nil }
        return String(decoding: gathered, as: UTF8.self).lowercased()
    }
}
