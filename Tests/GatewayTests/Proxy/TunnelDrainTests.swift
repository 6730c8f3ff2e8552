import NIOCore
import NIOPosix
import TestKit
import Testing

@testable import Gateway

@Suite("WebSocket tunnels of a gateway that stops", .timeLimit(.minutes(1)))
struct TunnelDrainTests {
    private static let handshake =
        "GET /ws HTTP/1.1\r\nHost: lms\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
    private static let switching = "HTTP/1.1 101 Switching Protocols\r\n\r\n"
    private static let frame = TestFrame.text(300, .extended).bytes
    private static let clientFrame = TestFrame.text(9, masked: true).bytes
    private static let serviceRestart: [UInt8] = [0x88, 0x02, 0x03, 0xf4]

    /// Runs `body` beside a service that lets `script` have its side of a tunnel, and hands over what came on it then.
    ///
    /// The gateway has one event loop, which closes idle connections in the moment in which it drains tunnels, and far
    /// more time to stop than the test has.
    private func withTunnel(
        _ script: @escaping @Sendable (inout RawConnection) async throws -> Void,
        _ body: @escaping @Sendable (TestGateway, AsyncStream<ByteBuffer>) async throws -> Void
    ) async throws {
        let (received, receive) = AsyncStream.makeStream(of: ByteBuffer.self)
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { loop.shutdownGracefully { _ in } }
        try await RawServer.with { connection, _ in
            guard try await connection.message()["upgrade"] == "websocket" else { return }
            try await script(&connection)
            var bytes = ByteBuffer()
            while let more = try await connection.read() { bytes.writeImmutableBuffer(more) }
            receive.yield(bytes)
        } _: { server in
            var configuration = try TestFile(port: server.port).load()
            configuration.drainTimeout = .minutes(10)
            configuration.drainGrace = .milliseconds(1)
            try await TestGateway.with(configuration, group: loop) { try await body($0, received) }
        }
    }

    /// Tells the gateway to stop, and returns once it does.
    private func drain(_ gateway: TestGateway, _ idle: inout RawConnection) async throws {
        await gateway.stop()
        #expect(try await idle.read() == nil)
    }

    /// Opens a connection that stays idle until the gateway stops.
    private func withIdle(
        _ gateway: TestGateway, _ body: (inout RawConnection) async throws -> Void
    ) async throws {
        try await gateway.connect { idle in
            try await idle.send("GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
            _ = try await idle.message()
            try await body(&idle)
        }
    }

    private func first(_ stream: AsyncStream<ByteBuffer>) async -> [UInt8] {
        for await bytes in stream { return Array(bytes.readableBytesView) }
        return []
    }

    @Test("They are closed with 1012, and the client's answer reaches the service")
    func answered() async throws {
        let answer = TestFrame.close(2, masked: true).bytes
        try await withTunnel { connection in
            try await connection.send(Self.switching)
            try await connection.send(ByteBuffer(bytes: Self.frame))
        } _: { gateway, received in
            try await gateway.connect { connection in
                try await connection.send(Self.handshake)
                #expect(try await connection.message().status == 101)
                #expect(try await connection.read(count: Self.frame.count) == ByteBuffer(bytes: Self.frame))
                await gateway.stop()
                #expect(try await connection.read(count: 4) == ByteBuffer(bytes: Self.serviceRestart))
                try await connection.send(ByteBuffer(bytes: Self.clientFrame + answer))
                #expect(try await connection.read() == nil)
            }
            #expect(await first(received) == Self.clientFrame + answer)
        }
    }

    @Test("A frame under way is finished, and nothing follows but the Close frame")
    func finished() async throws {
        let (resumed, resume) = AsyncStream.makeStream(of: Void.self)
        try await withTunnel { connection in
            try await connection.send(Self.switching)
            try await connection.send(ByteBuffer(bytes: Self.frame.prefix(100)))
            for await _ in resumed { break }
            try await connection.send(ByteBuffer(bytes: Self.frame.dropFirst(100) + Self.frame))
        } _: { gateway, _ in
            try await withIdle(gateway) { idle in
                try await gateway.connect { connection in
                    try await connection.send(Self.handshake)
                    #expect(try await connection.message().status == 101)
                    _ = try await connection.read(count: 100)
                    try await drain(gateway, &idle)
                    resume.finish()
                    let rest = ByteBuffer(bytes: Self.frame.dropFirst(100) + Self.serviceRestart)
                    #expect(try await connection.read(count: rest.readableBytes) == rest)
                    try await connection.send(ByteBuffer(bytes: Tunnel.closeToService(maskedBy: 1)))
                    #expect(try await connection.read() == nil)
                }
            }
        }
    }

    @Test(
        "Neither a client that does not answer nor a frame that does not end is waited for long",
        arguments: [frame.count, 100], [0, 5])
    func silent(sent: Int, received clientBytes: Int) async throws {
        try await withTunnel { connection in
            try await connection.send(Self.switching)
            _ = try await connection.read(count: clientBytes)
            try await connection.send(ByteBuffer(bytes: Self.frame.prefix(sent)))
        } _: { gateway, received in
            try await gateway.connect { connection in
                try await connection.send(Self.handshake)
                #expect(try await connection.message().status == 101)
                try await connection.send(ByteBuffer(bytes: Self.clientFrame.prefix(clientBytes)))
                _ = try await connection.read(count: sent)
                await gateway.stop()
                if sent == Self.frame.count {
                    #expect(try await connection.read(count: 4) == ByteBuffer(bytes: Self.serviceRestart))
                }
                #expect(try await connection.read() == nil)
            }
            // The service is told unless the client's own frame is not whole.
            let last = await first(received)
            guard clientBytes == 0 else {
                #expect(last.isEmpty)
                return
            }
            try #require(last.count == 8)
            #expect(last.prefix(2) == [0x88, 0x82])
            #expect([last[6] ^ last[2], last[7] ^ last[3]] == [0x03, 0xe9])
        }
    }

    @Test("One that begins while the gateway stops is closed likewise")
    func late() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (resumed, resume) = AsyncStream.makeStream(of: Void.self)
        try await withTunnel { connection in
            begin.yield()
            for await _ in resumed { break }
            try await connection.send(Self.switching)
        } _: { gateway, _ in
            try await withIdle(gateway) { idle in
                try await gateway.connect { connection in
                    try await connection.send(Self.handshake)
                    for await _ in begun { break }
                    try await drain(gateway, &idle)
                    resume.finish()
                    #expect(try await connection.message().status == 101)
                    #expect(try await connection.read(count: 4) == ByteBuffer(bytes: Self.serviceRestart))
                }
            }
        }
    }
}
