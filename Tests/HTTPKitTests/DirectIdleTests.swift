import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import ServiceKit
import TestKit
import Testing

@testable import HTTPKit

/// Connections that idle, on a server that lets them for an instant only.
struct DirectIdleTests {
    private let echo = EchoRoute()

    /// A connection to a handler without routes behind it, for the length of `body`, which has the handler's side of it, too.
    private func connect(
        idleTimeout: TimeAmount = .milliseconds(200), grace: TimeAmount = ConnectionActivity.grace,
        _ body: (inout RawConnection, any Channel) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let answers = DirectAnswers(metrics: RequestMetrics(PrometheusRegistry()), logger: logger)
        let echo = echo
        let accepted = AsyncStream.makeStream(of: (any Channel).self)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let routes = ConnectionRoutes(limits: .init(), channel: channel.eventLoop.makePromise())
                    try channel.pipeline.syncOperations.addHandler(
                        DirectHandler(
                            [echo], answers: answers, routes: routes, idleTimeout: idleTimeout, grace: grace))
                    accepted.continuation.yield(channel)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        defer { server.close(promise: nil) }
        try await RawConnection.to(port: try #require(server.localAddress?.port)) { connection in
            var channels = accepted.stream.makeAsyncIterator()
            try await body(&connection, try #require(await channels.next()))
        }
    }

    @Test(arguments: ["", "POST /echo HTTP/1.1\r\nHost: l"])
    func `one that stands still is closed`(text: String) async throws {
        try await connect { connection, _ in
            if !text.isEmpty { try await connection.send(text) }
            #expect(try await connection.readToEnd().isEmpty)
            #expect(echo.answered == 0)
        }
    }

    @Test func `one that stands still within a body is told so`() async throws {
        try await connect(idleTimeout: .seconds(1)) { connection, _ in
            try await connection.send("POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\n1")
            let message = try await connection.message()
            #expect(message.status == 408 && message["connection"] == "close")
            #expect(message["content-type"] == "application/problem+json")
            #expect(try await connection.readToEnd().isEmpty)
            #expect(echo.answered == 0)
        }
    }

    @Test func `one whose answer is long in coming is not`() async throws {
        try await connect(idleTimeout: .seconds(1)) { connection, _ in
            try await connection.send("POST /echo HTTP/1.1\r\nContent-Length: 13\r\n\r\n{\"hold\":true}")
            try await echo.isHeld()
            // Another one idles for its time meanwhile.
            try await connect { other, _ in _ = try await other.readToEnd() }
            echo.release()
            #expect(try await connection.message().status == 201)
            #expect(try await connection.readToEnd().isEmpty)
        }
    }

    @Test func `a request that comes just after the process was told to end is answered, as the last one`() async throws
    {
        try await connect(idleTimeout: .seconds(60), grace: .seconds(60)) { connection, channel in
            try await channel.eventLoop.submit {
                channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            }.get()
            try await connection.send("POST /echo HTTP/1.1\r\nContent-Length: 1\r\n\r\n1")
            let message = try await connection.message()
            #expect(message.status == 201 && message["connection"] == "close")
            #expect(try await connection.readToEnd().isEmpty)
        }
    }

    @Test func `what comes behind it in the grace is answered, too, and only the last answer says so`() async throws {
        try await connect(idleTimeout: .seconds(60), grace: .seconds(60)) { connection, channel in
            let hold = "POST /echo HTTP/1.1\r\nContent-Length: 13\r\n\r\n{\"hold\":true}"
            try await connection.send(hold + "POST /echo HTTP/1.1\r\nContent-Length: 1\r\n\r\n2")
            try await echo.isHeld()
            try await channel.eventLoop.submit {
                channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            }.get()
            echo.release()
            let answer = try await connection.message()
            #expect(answer.status == 201 && answer["connection"] == nil)
            let last = try await connection.message()
            #expect(last.status == 201 && last["connection"] == "close")
            #expect(try last.json("body") as? String == "2")
            #expect(try await connection.readToEnd().isEmpty)
        }
    }
}
