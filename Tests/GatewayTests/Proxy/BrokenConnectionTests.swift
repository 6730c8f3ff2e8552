import Foundation
import NIOCore
import TestKit
import Testing

@testable import Gateway

/// Connections that break, stall and end at the worst moment, on either side.
@Suite("Broken connections")
struct BrokenConnectionTests {
    private static let size = 50 << 20
    private static let piece = ByteBuffer(repeating: 0x61, count: 1 << 18)

    /// How a peer goes away.
    enum Departure: CaseIterable {
        case close, reset
    }

    /// How far an answer comes that never ends.
    enum Progress: CaseIterable {
        case statusLine, fields, body, chunk, betweenChunks

        var text: String {
            switch self {
            case .statusLine: "HTTP/1.1 200 O"
            case .fields: "HTTP/1.1 200 OK\r\nContent-Length: 1"
            case .body: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"
            case .chunk: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\nhello"
            case .betweenChunks: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
            }
        }

        var hasHead: Bool { text.contains("\r\n\r\n") }
    }

    // MARK: Services

    @Test(
        "An answer that breaks off is 503 before its head, and afterwards an end that nobody takes for a whole answer",
        .timeLimit(.minutes(1)), arguments: Progress.allCases, Departure.allCases)
    func breaksOff(progress: Progress, departure: Departure) async throws {
        let (sent, send) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/items") else { return }
            try await connection.send(progress.text)
            // A reset would overtake what the gateway has not read yet.
            if progress.hasHead { await sent.first { _ in true } }
            if departure == .reset { try await connection.reset() }
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    // A request that is not sent twice.
                    try await connection.send("POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 0\r\n\r\n")
                    if progress.hasHead {
                        let begun = try await connection.read(through: "hello")
                        #expect(begun.hasPrefix("HTTP/1.1 200 OK\r\n"))
                        send.yield()
                        // A reset on this side may be an error.
                        let rest = (try? await connection.readToEnd()) ?? ""
                        #expect(rest.isEmpty || rest == "\r\n")
                    } else {
                        #expect(try await connection.message().status == 503)
                    }
                }
            }
        }
    }

    @Test(
        "An answer that stalls is 503 before its head, and cut off afterwards", .timeLimit(.minutes(1)),
        arguments: Progress.allCases)
    func stalls(progress: Progress) async throws {
        let (closed, close) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/items") else { return }
            try await connection.send(progress.text)
            defer { close.yield() }
            while try await connection.read() != nil {}
        } _: { server in
            var file = TestFile(port: server.port)
            file.defaults = "  response_timeout: 2s\n  idle_timeout: 2s"
            try await TestGateway.with(file.load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    if progress.hasHead {
                        let text = try await connection.readToEnd()
                        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.contains("hello"))
                        #expect(!text.hasSuffix("0\r\n\r\n"))
                    } else {
                        #expect(try await connection.message().status == 503)
                    }
                }
                await closed.first { _ in true }
            }
        }
    }

    @Test("A service that ends each connection just behind its answer loses no request", arguments: Departure.allCases)
    func endsIdle(departure: Departure) async throws {
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            guard request.startLine.contains("/items") else { return }
            // The answer must have been read before a reset may follow.
            if departure == .reset {
                _ = try await connection.message()
                try await connection.reset()
            }
        } _: { server in
            var file = TestFile(port: server.port)
            file.health = "  interval: 1h"
            try await TestGateway.with(file.load()) { gateway in
                try await gateway.connect { connection in
                    for number in 0..<100 {
                        try await connection.send("GET /items/\(number) HTTP/1.1\r\nHost: lms\r\n\r\n")
                        let answer = try await connection.message()
                        #expect(answer.status == 200 && answer.text == "ok")
                    }
                }
            }
        }
    }

    @Test(
        "A service that goes away within an upload is 503, and what is left of that is not the next request",
        arguments: Departure.allCases)
    func goesInUpload(departure: Departure) async throws {
        let rest = "GET /items/hidden HTTP/1.1\r\nHost: lms\r\n\r\n"
        try await RawServer.with { connection, _ in
            guard try await connection.read(through: "\r\n\r\n").hasPrefix("POST /items/1 ") else { return }
            _ = try await connection.read(through: "hello")
            if departure == .reset { try await connection.reset() }
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send(
                        "POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: \(5 + rest.utf8.count)\r\n\r\nhello")
                    #expect(try await connection.message().status == 503)
                    try await connection.send(rest + "GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                    #expect(try await connection.message().text == #"{"status":"up"}"#)
                }
            }
        }
    }

    @Test("What a service says between two requests ends its connection, and is no answer", .timeLimit(.minutes(1)))
    func unasked() async throws {
        let (answered, answer) = AsyncStream.makeStream(of: Void.self)
        let (closed, close) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            let message = try await connection.message()
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            guard message.startLine.contains("/items/1 ") else { return }
            await answered.first { _ in true }
            // As some servers do before they close a connection that has been idle for too long.
            try await connection.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            defer { close.yield() }
            while try await connection.read() != nil {}
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    #expect(try await connection.message().status == 200)
                    answer.yield()
                    await closed.first { _ in true }
                    // One that is not sent again if the connection turns out to be no good.
                    try await connection.send("POST /items/2 HTTP/1.1\r\nHost: lms\r\nContent-Length: 0\r\n\r\n")
                    #expect(try await connection.message().status == 200)
                }
            }
        }
    }

    // MARK: Clients

    @Test(
        "A client that vanishes within its upload takes the service's connection along, and leaves no whole request",
        arguments: ["Content-Length: 10\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
        Departure.allCases)
    func vanishesInUpload(upload: String, departure: Departure) async throws {
        try await RecordingService.with { gateway, service in
            try await gateway.connect { connection in
                try await connection.send("POST /items/1 HTTP/1.1\r\nHost: lms\r\n" + upload)
                try await eventually { service.received.contains { $0.contains("hello") } }
                if departure == .reset { try await connection.reset() }
            }
            try await eventually { service.hasEnded }
            #expect(service.received.count == 1)
            let body = try #require(service.received.first?.components(separatedBy: "\r\n\r\n").last)
            #expect(upload.hasSuffix("\r\n\r\n" + body))
            #expect(try await gateway.get("/items/2").status == 200)
        }
    }

    @Test(
        "A client that vanishes within its download takes the service's connection along", .timeLimit(.minutes(1)),
        arguments: Departure.allCases)
    func vanishesInDownload(departure: Departure) async throws {
        try await withLargeAnswer { gateway, closed in
            try await gateway.connect { connection in
                try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                _ = try await connection.read(through: "\r\n\r\n")
                if departure == .reset { try await connection.reset() }
            }
            await closed.first { _ in true }
        }
    }

    /// Runs `body` with a gateway to a service whose answer is more than all buffers on the way hold, and with what tells
    /// that the service's connection has ended within it.
    private func withLargeAnswer(
        idleTimeout: String = "60s", _ body: @escaping @Sendable (TestGateway, AsyncStream<Void>) async throws -> Void
    ) async throws {
        let (closed, close) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/items") else { return }
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.size)\r\n\r\n")
            defer { close.yield() }
            // It ends with an error.
            while true { try await connection.send(Self.piece) }
        } _: { server in
            var file = TestFile(port: server.port)
            file.defaults = "  idle_timeout: \(idleTimeout)"
            try await TestGateway.with(file.load()) { try await body($0, closed) }
        }
    }

    @Test("A head that comes byte by byte has no more time than any other", .timeLimit(.minutes(1)))
    func tricklingHead() async throws {
        var file = TestFile(port: 1)
        file.clients = "  header_timeout: 2s"
        try await TestGateway.with(file.load()) { gateway in
            try await gateway.connect { connection in
                try await connection.send("GET /healthz?")
                let writer = connection.writer
                async let trickle: Void = eventually(within: .seconds(30), every: .milliseconds(50)) {
                    // Until the connection has ended.
                    do { try await writer.send(ByteBuffer(string: "a")) } catch { return true }
                    return false
                }
                let answer = try await connection.message()
                #expect(answer.status == 408)
                #expect(answer["connection"] == "close")
                #expect(try await connection.read() == nil)
                try await trickle
            }
        }
    }

    @Test("A client that reads nothing of its answer is cut off, and the service with it", .timeLimit(.minutes(1)))
    func standingReader() async throws {
        try await withLargeAnswer(idleTimeout: "500ms") { gateway, closed in
            try await gateway.connect { connection in
                try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                await closed.first { _ in true }
                var received = 0
                while let bytes = try? await connection.read() { received += bytes.readableBytes }
                #expect(received < Self.size)
            }
        }
    }
}
