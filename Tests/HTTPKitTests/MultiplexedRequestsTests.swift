import HTTPWire
import Logging
import NIOCore
import NIOPosix
import ServiceKit
import TestKit
import Testing

@testable import HTTPKit

/// Requests that share a connection, on real sockets.
struct MultiplexedRequestsTests {
    private let echo = EchoRoute()

    /// Serves the echo, and has several requests share a connection to it.
    private func share(
        _ body: @Sendable (inout RawConnection, ServedRoutes) async throws -> Void
    ) async throws {
        try await echo.serveRaw { connection, served in
            try await connection.send(RawConnection.multiplexing)
            let answer = try await connection.message()
            #expect(answer.status == 101 && answer["upgrade"] == "lms-multiplex")
            try await body(&connection, served)
        }
    }

    /// The answer in a frame, and what it has echoed.
    private func echoed(_ frame: MultiplexFrame) throws -> String? {
        let text = String(buffer: frame.message)
        let end = try #require(text.range(of: "\r\n\r\n"))
        var message = RawMessage(head: String(text[..<end.upperBound]))
        message.body = ByteBuffer(string: String(text[end.upperBound...]))
        #expect(message.status == 201 && message["content-length"] == "\(message.body.readableBytes)")
        #expect(try message.json("way") as? String == "direct")
        return try message.json("body") as? String
    }

    @Test func `answers come as they are ready`() async throws {
        try await share { connection, _ in
            try await connection.send(frames: [(7, EchoRoute.request(#"{"hold":true}"#)), (8, EchoRoute.request("2"))])
            let second = try await connection.frame()
            #expect(second.id == 8)
            #expect(try echoed(second) == "2")
            echo.release()
            let first = try await connection.frame()
            #expect(first.id == 7)
            #expect(try echoed(first) == #"{"hold":true}"#)
        }
    }

    @Test func `of many at once each has its own answer`() async throws {
        try await share { connection, _ in
            let numbers = Array(1...500 as ClosedRange<UInt32>)
            try await connection.send(frames: numbers.map { ($0, EchoRoute.request("\($0)")) })
            var answered: Set<UInt32> = []
            for _ in numbers {
                let frame = try await connection.frame()
                #expect(try echoed(frame) == "\(frame.id)")
                answered.insert(frame.id)
            }
            #expect(answered == Set(numbers))
        }
    }

    @Test func `a frame may come byte by byte`() async throws {
        try await share { connection, _ in
            var bytes = ByteBuffer()
            MultiplexFrame.write(id: .max, into: &bytes) { $0.writeString(EchoRoute.request("1")) }
            while let byte = bytes.readSlice(length: 1) { try await connection.send(byte) }
            let frame = try await connection.frame()
            #expect(frame.id == .max)
            #expect(try echoed(frame) == "1")
        }
    }

    @Test(
        arguments: [
            EchoRoute.request("1", isRouted: true), EchoRoute.request("1", isChunked: true),
            EchoRoute.request(#"{"decline":true}"#), EchoRoute.request("1") + EchoRoute.request("2"),
            String(EchoRoute.request("12").dropLast()), "POST /echo HTTP/1.1\r\nHost: l", "\u{16}\u{3}\u{1}", "",
            "GET / HTTP/1.1\r\nHost: lms\r\n\r\n",
        ])
    func `what is not one usual request is sent back, and the next one answered`(message: String) async throws {
        try await share { connection, _ in
            try await connection.send(frames: [(1, message)])
            #expect(try await connection.frame() == MultiplexFrame(id: 1))
            try await connection.send(frames: [(2, EchoRoute.request("2"))])
            let frame = try await connection.frame()
            #expect(frame.id == 2)
            #expect(try echoed(frame) == "2")
            #expect(echo.answered == 1)
        }
    }

    @Test func `a problem is answered as one`() async throws {
        try await share { connection, _ in
            try await connection.send(frames: [(3, EchoRoute.request(#"{"fail":true}"#))])
            let frame = try await connection.frame()
            #expect(frame.id == 3)
            let text = String(buffer: frame.message)
            #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains("Retry-After: 7\r\n"))
        }
    }

    @Test(arguments: [MultiplexFrame.longestRequest + 1, Int(UInt32.max)])
    func `a frame that is too long ends the connection`(length: Int) async throws {
        try await share { connection, _ in
            var bytes = ByteBuffer()
            bytes.writeMultipleIntegers(UInt32(length), UInt32(1))
            try await connection.send(bytes)
            #expect(try await connection.readToEnd().isEmpty)
        }
    }

    @Test func `a server that stops asks for the end of the connection, and answers what comes before it`() async throws
    {
        try await share { connection, served in
            try await connection.send(frames: [(1, EchoRoute.request(#"{"hold":true}"#))])
            try await echo.isHeld()
            await served.stop()
            #expect(try await connection.frame() == MultiplexFrame(id: MultiplexFrame.goingAway))
            try await connection.send(frames: [(2, EchoRoute.request("2"))])
            #expect(try echoed(await connection.frame()) == "2")
            echo.release()
            #expect(try echoed(await connection.frame()) == #"{"hold":true}"#)
            try await connection.endSending()
            #expect(try await connection.readToEnd().isEmpty)
        }
    }

    @Test func `one that idles is asked to end, and ended where that has no answer`() async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let answers = DirectAnswers(metrics: RequestMetrics(PrometheusRegistry()), logger: logger)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { [echo] channel in
                channel.eventLoop.makeCompletedFuture {
                    let routes = ConnectionRoutes(limits: .init(), channel: channel.eventLoop.makePromise())
                    try channel.pipeline.syncOperations.addHandler(
                        DirectHandler([echo], answers: answers, routes: routes, idleTimeout: .milliseconds(200)))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        defer { server.close(promise: nil) }
        try await RawConnection.to(port: try #require(server.localAddress?.port)) { connection in
            try await connection.send(RawConnection.multiplexing)
            #expect(try await connection.message().status == 101)
            try await connection.send(frames: [(1, EchoRoute.request("1"))])
            #expect(try echoed(await connection.frame()) == "1")
            #expect(try await connection.frame() == MultiplexFrame(id: MultiplexFrame.goingAway))
            #expect(try await connection.readToEnd().isEmpty)
        }
    }

    @Test func `another protocol is a matter for the routes`() async throws {
        try await echo.serveRaw { connection, _ in
            try await connection.send("GET / HTTP/1.1\r\nHost: lms\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
            #expect(try await connection.message().status == 404)
        }
    }
}
