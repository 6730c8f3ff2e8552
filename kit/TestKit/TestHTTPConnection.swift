import NIOCore
import NIOHTTP1
import NIOPosix

/// One HTTP/1.1 connection of a test, on which requests can be sent one after the other, or pipelined.
public final class TestHTTPConnection: Sendable {
    let channel: any Channel
    private let handler: NIOLoopBound<ResponseHandler>

    private init(channel: any Channel, handler: NIOLoopBound<ResponseHandler>) {
        self.channel = channel
        self.handler = handler
    }

    /// Connects to a server.
    public static func connect(host: String = "127.0.0.1", port: Int) async throws -> TestHTTPConnection {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = ResponseHandler()
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(handler)
                    return TestHTTPConnection(
                        channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
                }
            }
    }

    public var isOpen: Bool { channel.isActive }

    public func close() async {
        try? await channel.close()
    }

    /// Ends the sending direction, as a client does that has nothing more to ask.
    public func endSending() async throws {
        try await channel.close(mode: .output)
    }

    /// Stops or resumes reading from the socket, as a client does that is slow.
    public func setReading(_ isReading: Bool) async throws {
        try await channel.setOption(.autoRead, value: isReading).get()
    }

    /// Sends the head of a request; the answer can be read before the body is sent.
    ///
    /// Unless `headers` say how long the body is, it is chunked when `hasBody` is true, and absent otherwise.
    public func begin(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], hasBody: Bool = false
    ) async throws -> TestHTTPExchange {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
        if !head.headers.contains(name: "host") { head.headers.add(name: "host", value: authority) }
        if hasBody, !head.headers.contains(name: "content-length") {
            head.headers.replaceOrAdd(name: "transfer-encoding", value: "chunked")
        }
        let parts = Mailbox<HTTPClientResponsePart>()
        let handler = handler
        try await channel.eventLoop.submit { handler.value.expectResponse(in: parts) }.get()
        let exchange = TestHTTPExchange(connection: self, parts: parts)
        try await exchange.write(.head(head))
        if !hasBody { try await exchange.endBody() }
        return exchange
    }

    /// Sends a request and reads its answer.
    public func send(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: [UInt8]? = nil,
        within limit: Duration = .seconds(30)
    ) async throws -> TestHTTPResponse {
        var headers = headers
        if let body { headers.replaceOrAdd(name: "content-length", value: "\(body.count)") }
        let exchange = try await begin(method, path, headers: headers, hasBody: body != nil)
        if let body {
            try await exchange.send(body)
            try await exchange.endBody()
        }
        return try await exchange.response(within: limit)
    }

    private var authority: String {
        guard let address = channel.remoteAddress, let host = address.ipAddress, let port = address.port else {
            return "localhost"
        }
        return "\(host):\(port)"
    }
}

/// One request under way and its answer as it comes in.
public struct TestHTTPExchange: Sendable {
    let connection: TestHTTPConnection
    let parts: Mailbox<HTTPClientResponsePart>

    /// Sends a piece of the request's body. Whether the server took it shows in its answer: it may well answer and
    /// close before it has read everything.
    public func send(_ bytes: [UInt8]) async throws {
        try await write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
    }

    /// Ends the request's body.
    public func endBody() async throws {
        try await write(.end(nil))
    }

    func write(_ part: HTTPClientRequestPart) async throws {
        do {
            try await connection.channel.writeAndFlush(part)
        } catch is IOError {
        } catch ChannelError.ioOnClosedChannel {
        }
    }

    /// The head of the answer.
    public func head(within limit: Duration = .seconds(30)) async throws -> HTTPResponseHead {
        try await parts.head(within: limit)
    }

    /// The next piece of the answer's body, after its head; nil at its end.
    public func nextChunk(within limit: Duration = .seconds(30)) async throws -> [UInt8]? {
        try await parts.nextChunk(within: limit)
    }

    /// The whole answer.
    public func response(within limit: Duration = .seconds(30)) async throws -> TestHTTPResponse {
        try await parts.response(within: limit)
    }
}

extension Mailbox<HTTPClientResponsePart> {
    func head(within limit: Duration) async throws -> HTTPResponseHead {
        while let part = try await next(within: limit) {
            if case .head(let head) = part { return head }
        }
        throw TestHTTPError.closed
    }

    func nextChunk(within limit: Duration) async throws -> [UInt8]? {
        while let part = try await next(within: limit) {
            if case .body(let buffer) = part { return Array(buffer.readableBytesView) }
        }
        return nil
    }

    func response(within limit: Duration) async throws -> TestHTTPResponse {
        let head = try await head(within: limit)
        var body: [UInt8] = []
        while let chunk = try await nextChunk(within: limit) { body += chunk }
        return TestHTTPResponse(status: Int(head.status.code), headers: head.headers, body: body)
    }
}

/// Hands the parts of each response to the mailbox of its request.
final class ResponseHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private var expected: [Mailbox<HTTPClientResponsePart>] = []
    private var isClosed = false

    func expectResponse(in mailbox: Mailbox<HTTPClientResponsePart>) {
        if isClosed { mailbox.finish(throwing: TestHTTPError.closed) } else { expected.append(mailbox) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        guard let mailbox = expected.first else { return }
        mailbox.deliver(part)
        guard case .end = part else { return }
        mailbox.finish()
        expected.removeFirst()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(with: TestHTTPError.closed)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(with: error is IOError ? TestHTTPError.closed : error)
        context.close(promise: nil)
    }

    private func end(with error: any Error) {
        isClosed = true
        for mailbox in expected { mailbox.finish(throwing: error) }
        expected = []
    }
}
