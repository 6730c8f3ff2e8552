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

    /// A connection to handlers without routes behind them, for the length of `body`.
    private func connect(_ body: (inout RawConnection) async throws -> Void) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let answers = DirectAnswers(metrics: RequestMetrics(PrometheusRegistry()), logger: logger)
        let echo = echo
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let routes = ConnectionRoutes(limits: .init(), channel: channel.eventLoop.makePromise())
                    try channel.pipeline.syncOperations.addHandler(
                        DirectHandler([echo], answers: answers, routes: routes, idleTimeout: .milliseconds(200)))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        defer { server.close(promise: nil) }
        try await RawConnection.to(port: try #require(server.localAddress?.port), body)
    }

    @Test(arguments: ["", "POST /echo HTTP/1.1\r\nHost: l", "POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\n1"])
    func `one that stands still is closed, whatever it began`(text: String) async throws {
        try await connect { connection in
            if !text.isEmpty { try await connection.send(text) }
            #expect(try await connection.readToEnd().isEmpty)
            #expect(echo.answered == 0)
        }
    }

    @Test func `one whose answer is long in coming is not`() async throws {
        try await connect { connection in
            try await connection.send("POST /echo HTTP/1.1\r\nContent-Length: 13\r\n\r\n{\"hold\":true}")
            try await echo.isHeld()
            // Another one idles for its time meanwhile.
            try await connect { _ = try await $0.readToEnd() }
            echo.release()
            #expect(try await connection.message().status == 201)
            #expect(try await connection.readToEnd().isEmpty)
        }
    }
}
