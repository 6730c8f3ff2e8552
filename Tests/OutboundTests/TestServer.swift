import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP server on a free loopback port, whose answers are chosen by the path.
struct TestServer: Sendable {
    let port: Int
    let connections: Connections

    final class Connections: Sendable {
        private let state = Mutex((accepted: 0, open: 0))

        var accepted: Int { state.withLock { $0.accepted } }
        var open: Int { state.withLock { $0.open } }

        fileprivate func add(_ channel: any Channel) {
            state.withLock { $0 = ($0.accepted + 1, $0.open + 1) }
            channel.closeFuture.whenComplete { _ in self.state.withLock { $0.open -= 1 } }
        }
    }

    func url(_ path: String) -> String {
        "http://127.0.0.1:\(port)\(path)"
    }
}

/// Runs `body` with a server, and ends the server afterwards.
func withServer(_ body: (TestServer) async throws -> Void) async throws {
    let connections = TestServer.Connections()
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .childChannelInitializer { channel in
            connections.add(channel)
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                try channel.pipeline.syncOperations.addHandler(Answerer())
            }
        }
        .bind(host: "127.0.0.1", port: 0).get()
    let outcome: Result<Void, any Error>
    do {
        outcome = .success(try await body(TestServer(port: channel.localAddress?.port ?? 0, connections: connections)))
    } catch {
        outcome = .failure(error)
    }
    try await channel.close()
    try outcome.get()
}

private final class Answerer: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
    private var body = ByteBuffer()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part):
            body.writeBuffer(&part)
        case .end:
            answer(context)
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        switch head.uri {
        case "/echo":
            let lines = head.headers.map { "\($0.name.lowercased()): \($0.value)\n" }.sorted().joined()
            var text = ByteBuffer(string: "\(head.method)\n\(lines)\n")
            text.writeBuffer(&body)
            send(.ok, ["X-Twice": "1", "x-twice": "2", "X-Empty": ""], text, context)
        case "/missing":
            send(.notFound, [:], ByteBuffer(string: "nothing here"), context)
        case "/redirect":
            send(.found, ["Location": "/echo"], ByteBuffer(), context)
        case "/hang":
            break
        case "/stall":
            write(.ok, ["Content-Length": "100"], context)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "begun")))), promise: nil)
        case "/break":
            write(.ok, ["Content-Length": "100"], context)
            context.flush()
            context.close(promise: nil)
        case "/large":
            send(.ok, [:], ByteBuffer(repeating: UInt8(ascii: "x"), count: 1000), context)
        case "/endless":
            write(.ok, ["Transfer-Encoding": "chunked"], context)
            writeEndlessly(context)
        case "/large-header":
            send(.ok, ["X-Large": String(repeating: "x", count: 70_000)], ByteBuffer(), context)
        default:
            send(.badRequest, [:], ByteBuffer(), context)
        }
    }

    private func writeEndlessly(_ context: ChannelHandlerContext) {
        let chunk = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1000)
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(chunk)))).whenSuccess {
            let (answerer, context) = loopBound.value
            answerer.writeEndlessly(context)
        }
    }

    private func write(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ context: ChannelHandlerContext) {
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func send(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: ByteBuffer, _ context: ChannelHandlerContext
    ) {
        var headers = headers
        headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        write(status, headers, context)
        if head.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
