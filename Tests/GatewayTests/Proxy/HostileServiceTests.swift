import NIOCore
import TestKit
import Testing

@testable import Gateway

/// Services that answer what no good one does: a client must never take part of one answer for another.
@Suite("Hostile services")
struct HostileServiceTests {
    private static let next = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext"

    @Test(
        "A head that can be read in two ways is 502; the client sees none of it, and its connection lives on",
        arguments: ["GET", "HEAD"],
        [
            "200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked",
            "204 No\r\nContent-Length: 0\r\nTransfer-Encoding: chunked",
            "200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "200 OK\r\nTransfer-Encoding: gzip, chunked",
            "200 OK\r\nTransfer-Encoding: identity", "200 OK\r\nTransfer-Encoding : chunked",
            "200 OK\r\nContent-Length: 2\r\nContent-Length: 2", "200 OK\r\nContent-Length: 2, 2",
            "200 OK\r\nContent-Length: +2",
            "200 OK\r\nContent-Length: 0x2", "200 OK\r\nContent-Length:", "200 OK\r\nX: y\rSet-Cookie: evil=1",
            "200 OK\r\nX: y\nSet-Cookie: evil=1", "200 OK\r\nX: y\r\r\nSet-Cookie: evil=1",
            "200 OK\r\nX: y\r\n Set-Cookie: evil=1",
            "200 OK\r\nSet-Cookie : evil=1", "200 OK\r\nX: a\u{0}b", "200 OK\r\nX\u{0}: b", "200 O\rK", "200 O\u{0}K",
            "99 OK",
            "2000 OK", "200OK", "600 OK",
        ])
    func ambiguous(method: String, head: String) async throws {
        try await expectAnswer(502, to: method, from: "HTTP/1.1 \(head)\r\n\r\nok")
    }

    @Test(
        "What is no HTTP/1 answer is 502",
        arguments: [
            "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ICY 200 OK\r\n\r\n", "HTTP/2 200\r\n\r\n",
            "HTTP/1.2 200 OK\r\n\r\n", "HTTP/1.x 200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n", " HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "\u{16}\u{3}\u{3}\r\n\r\n", "\n",
            "HTTP/1.1 200 OK\r\n" + String(repeating: "X: " + String(repeating: "y", count: 1000) + "\r\n", count: 200),
            "HTTP/1.1 100 Continue\r\n\r\nhello\r\n\r\n",
        ])
    func garbage(text: String) async throws {
        try await expectAnswer(502, to: "GET", from: text)
    }

    @Test(
        "A body where none may be is dropped, and is never the next answer", .timeLimit(.minutes(1)),
        arguments: [
            ("HEAD", "200 OK\r\nContent-Length: 70"), ("HEAD", "200 OK\r\nTransfer-Encoding: chunked"),
            ("HEAD", "200 OK"),
            ("GET", "204 No Content"), ("GET", "204 No Content\r\nContent-Length: 70"),
            ("GET", "204 No Content\r\nTransfer-Encoding: chunked"), ("GET", "304 Not Modified\r\nContent-Length: 70"),
            ("GET", "200 OK\r\nContent-Length: 0"),
        ], [true, false])
    func unexpectedBody(request: (method: String, head: String), isLate: Bool) async throws {
        let head = "HTTP/1.1 \(request.head)\r\n\r\n"
        let body = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        let (answered, answer) = AsyncStream.makeStream(of: Void.self)
        let (closed, close) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            let message = try await connection.message()
            guard message.startLine.contains("/items/1 ") else { return try await connection.send(Self.next) }
            try await connection.send(isLate ? head : head + body)
            if isLate {
                await answered.first { _ in true }
                try await connection.send(body)
            }
            // The gateway ends the connection, which is good for nothing any more.
            defer { close.yield() }
            while try await connection.read() != nil {}
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("\(request.method) /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    let first = try await connection.message(toHead: true)
                    #expect(first.startLine == "HTTP/1.1 " + request.head.prefix { $0 != "\r\n" })
                    if first.status == 204 {
                        #expect(first["content-length"] == nil && first["transfer-encoding"] == nil)
                    }
                    answer.yield()
                    await closed.first { _ in true }
                    try await connection.send("GET /items/2 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    let second = try await connection.message()
                    #expect(second.status == 200 && second.text == "next")
                }
            }
        }
    }

    @Test(
        "Bytes behind an answer are not the next one's",
        arguments: [
            "Content-Length: 4\r\n\r\ngood", "Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n",
        ])
    func excess(answer: String) async throws {
        try await RawServer.with { connection, _ in
            let isFirst = try await connection.message().startLine.contains("/items/1 ")
            try await connection.send(
                isFirst ? "HTTP/1.1 200 OK\r\n\(answer)HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil" : Self.next)
            _ = try await connection.read()
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    for (number, text) in [(1, "good"), (2, "next")] {
                        try await connection.send("GET /items/\(number) HTTP/1.1\r\nHost: lms\r\n\r\n")
                        #expect(try await connection.message().text == text)
                    }
                }
            }
        }
    }

    @Test("Endless answers before the answer are given up in the route's time", .timeLimit(.minutes(1)))
    func interimFlood() async throws {
        let (closed, close) = AsyncStream.makeStream(of: Void.self)
        let interim = ByteBuffer(string: String(repeating: "HTTP/1.1 102 Processing\r\nX: y\r\n\r\n", count: 100))
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/items") else { return }
            defer { close.yield() }
            while true { try await connection.send(interim) }
        } _: { server in
            var file = TestFile(port: server.port)
            file.defaults = "  response_timeout: 300ms"
            try await TestGateway.with(file.load()) { gateway in
                let answer = try await gateway.get("/items/1")
                #expect(answer.status == 503)
                #expect(answer["x"] == nil)
                await closed.first { _ in true }
            }
        }
    }

    @Test("Wrong chunks in an answer end the client's connection before they reach it")
    func wrongChunks() async throws {
        try await RawServer.with { connection, _ in
            _ = try await connection.message()
            try await connection.send(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0x5\r\nevil!\r\n0\r\n\r\n")
            _ = try await connection.read()
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    let text = try await connection.readToEnd()
                    #expect(!text.contains("evil") && !text.hasSuffix("0\r\n\r\n"))
                }
            }
        }
    }

    /// The first answer of a service is `text`, that on another connection is a good one.
    private func expectAnswer(_ status: Int, to method: String, from text: String) async throws {
        try await RawServer.with { connection, _ in
            let isFirst = try await connection.message().startLine.contains("/items/1 ")
            try await connection.send(isFirst ? text : Self.next)
            _ = try await connection.read()
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("\(method) /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    let answer = try await connection.message(toHead: method == "HEAD")
                    #expect(answer.status == status)
                    #expect(answer["set-cookie"] == nil && answer["x"] == nil)
                    try await connection.send("GET /items/2 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    #expect(try await connection.message().text == "next")
                }
            }
        }
    }
}
