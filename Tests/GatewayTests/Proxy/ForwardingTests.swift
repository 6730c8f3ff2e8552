import NIOCore
import NIOPosix
import Synchronization
import TestKit
import Testing

@testable import Gateway

@Suite("Forwarding")
struct ForwardingTests {
    @Test("A request reaches the service with what it may know, and the answer comes back with an id")
    func roundTrip() async throws {
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            let seen = request.fields.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
            try await connection.send(
                "HTTP/1.1 201 Made\r\nContent-Length: \(seen.utf8.count)\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-Keep: 2\r\n"
                    + "Keep-Alive: 5\r\n\r\n\(seen)")
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                let answer = try await gateway.request(
                    "POST /items/1?x=y HTTP/1.1\r\nHost: lms\r\nX-Request-ID: abc-1\r\n"
                        + "Content-Length: 5\r\n\r\nhello")
                #expect(answer.startLine == "HTTP/1.1 201 Made")
                #expect(answer.text.contains("x-request-id=abc-1"))
                #expect(answer.text.contains("x-forwarded-for=127.0.0.1"))
                #expect(answer["x-request-id"] == "abc-1")
                #expect(answer["x-hop"] == nil)
                #expect(answer["keep-alive"] == nil)
                #expect(answer["x-keep"] == "2")
                #expect(answer["date"] != nil)
                #expect(answer["ratelimit-limit"] == "1000000")
            }
        }
    }

    @Test(
        "A request id that could do harm is replaced", arguments: ["a b", "\"x\"", String(repeating: "x", count: 129)])
    func requestID(given: String) async throws {
        try await TestGateway.with(TestFile(port: 1).load()) { gateway in
            let answer = try await gateway.request(
                "GET /healthz HTTP/1.1\r\nHost: lms\r\nX-Request-ID: \(given)\r\nConnection: close\r\n\r\n")
            #expect(answer["x-request-id"]?.count == 32)
        }
    }

    @Test("Many requests share a client connection and a service connection")
    func keepAlive() async throws {
        try await RawServer.with(RawServer.echo) { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    var serviceConnections: Set<Substring> = []
                    for number in 0..<20 {
                        try await connection.send(
                            "POST /items/\(number) HTTP/1.1\r\nHost: lms\r\nContent-Length: 3\r\n\r\nabc")
                        let text = try await connection.message().text
                        #expect(text.hasSuffix(" POST /items/\(number) HTTP/1.1 abc"))
                        serviceConnections.insert(text.prefix { $0 != " " })
                    }
                    #expect(serviceConnections.count == 1)
                }
            }
        }
    }

    @Test("Pipelined requests are answered in order, bodies and all")
    func pipelining() async throws {
        try await RawServer.with(RawServer.echo) { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    let requests = (0..<50).map { number in
                        number.isMultiple(of: 2)
                            ? "GET /items/\(number) HTTP/1.1\r\nHost: lms\r\n\r\n"
                            : "PUT /items/\(number) HTTP/1.1\r\nHost: lms\r\nTransfer-Encoding: chunked\r\n\r\n"
                                + "2\r\nab\r\n0\r\n\r\n"
                    }
                    try await connection.send(requests.joined() + "GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                    for number in 0..<50 {
                        let text = try await connection.message().text
                        #expect(text.contains("/items/\(number) "))
                        #expect(text.hasSuffix("ab") != number.isMultiple(of: 2))
                    }
                    #expect(try await connection.message().text == #"{"status":"up"}"#)
                }
            }
        }
    }

    @Test("A request may come byte by byte")
    func slowBytes() async throws {
        try await RawServer.with(RawServer.echo) { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    for byte in "POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 3\r\n\r\nabc" {
                        try await connection.send(String(byte))
                    }
                    #expect(try await connection.message().text.hasSuffix("POST /items/1 HTTP/1.1 abc"))
                }
            }
        }
    }

    @Test("An answer to HEAD has no body, whatever its length says")
    func head() async throws {
        try await RawServer.with { connection, _ in
            while true {
                _ = try await connection.message()
                try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            }
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    for _ in 0..<3 {
                        try await connection.send("HEAD /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                        #expect(try await connection.message(toHead: true)["content-length"] == "100")
                    }
                }
            }
        }
    }

    @Test("HTTP/1.0 is answered without chunks, and kept open only when asked")
    func http10() async throws {
        try await RawServer.with { connection, _ in
            while true {
                let request = try await connection.message()
                try await connection.send(
                    request.startLine.contains("chunked")
                        ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"
                        : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab")
            }
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /items/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    let first = try await connection.message()
                    #expect(first["connection"] == "keep-alive")
                    try await connection.send("GET /items/chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    let text = try await connection.readToEnd()
                    #expect(text.hasSuffix("\r\n\r\nabcde"))
                    #expect(!text.lowercased().contains("transfer-encoding"))
                }
            }
        }
    }

    @Test("A head whose body is late arrives before it, and is not taken for another client's", .timeLimit(.minutes(1)))
    func headBeforeBody() async throws {
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { loop.shutdownGracefully { _ in } }
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            let isLate = try await connection.message().startLine.contains("/late")
            try await connection.send(
                "HTTP/1.1 \(isLate ? "206 Partial Content" : "200 OK")\r\nContent-Length: 4\r\n\r\n")
            if isLate { await released.first { _ in true } }
            try await connection.send(isLate ? "late" : "soon")
            _ = try await connection.read()
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load(), group: loop) { gateway in
                try await gateway.connect { late in
                    try await late.send("GET /items/late HTTP/1.1\r\nHost: lms\r\n\r\n")
                    let head = try await late.read(through: "\r\n\r\n")
                    #expect(head.hasPrefix("HTTP/1.1 206 "))
                    // The same event loop serves another client while the first one's body is awaited.
                    let soon = try await gateway.get("/items/soon")
                    #expect(soon.status == 200 && soon.text == "soon")
                    release.yield()
                    #expect(try await late.read(through: "late") == "late")
                }
            }
        }
    }

    @Test("A body that ends with the service's connection ends the client's")
    func untilClose() async throws {
        try await RawServer.with { connection, _ in
            _ = try await connection.message()
            try await connection.send("HTTP/1.1 200 OK\r\n\r\nall of it")
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    let text = try await connection.readToEnd()
                    #expect(text.hasSuffix("all of it"))
                    #expect(text.contains("Connection: close"))
                }
            }
        }
    }

    @Test("Answers before the answer are not taken for it")
    func interim() async throws {
        try await RawServer.with { connection, _ in
            _ = try await connection.message()
            try await connection.send(
                "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                let seen = try await gateway.get("/items/1").text
                #expect(seen == "ok")
            }
        }
    }

    @Test("A client that waits to be told to continue is told, once a service is there")
    func expectContinue() async throws {
        try await RawServer.with(RawServer.echo) { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send(
                        "PUT /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                    #expect(try await connection.message().status == 100)
                    try await connection.send("hello")
                    #expect(try await connection.message().text.hasSuffix("hello"))
                    try await connection.send(
                        "PUT /short HTTP/1.1\r\nHost: lms\r\nContent-Length: 500\r\nExpect: 100-continue\r\n\r\n")
                    let refused = try await connection.message()
                    #expect(refused.status == 413)
                    #expect(refused["connection"] == "close")
                }
            }
        }
    }

    @Test("An event stream passes piece by piece, as it comes")
    func eventStream() async throws {
        let (acknowledged, acknowledge) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            guard request.startLine.contains("/items/") else { return }
            try await connection.send(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            var next = acknowledged.makeAsyncIterator()
            for number in 0..<5 {
                try await connection.send("8\r\ndata: \(number)\n\r\n")
                await next.next()
            }
            try await connection.send("0\r\n\r\n")
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    _ = try await connection.read(through: "\r\n\r\n")
                    for number in 0..<5 {
                        // The next event is not sent before this one has arrived.
                        #expect(try await connection.read(through: "\n\r\n") == "8\r\ndata: \(number)\n\r\n")
                        acknowledge.yield()
                    }
                    #expect(try await connection.read(through: "0\r\n\r\n") == "0\r\n\r\n")
                }
            }
        }
    }
}
