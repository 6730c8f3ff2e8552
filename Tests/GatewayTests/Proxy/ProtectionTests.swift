import NIOCore
import Synchronization
import TestKit
import Testing

@testable import Gateway

@Suite("Protection")
struct ProtectionTests {
    @Test("An upload over the limit is 413, and its sender gets to read that", arguments: [101, 5_000_000])
    func tooLarge(size: Int) async throws {
        try await TestGateway.with(TestFile(port: 1).load()) { gateway in
            try await gateway.connect { connection in
                try await connection.send("PUT /short HTTP/1.1\r\nHost: lms\r\nContent-Length: \(size)\r\n\r\n")
                try await connection.send(ByteBuffer(repeating: 0x61, count: size))
                let answer = try await connection.message()
                #expect(answer.status == 413)
                #expect(answer["content-type"] == "application/problem+json")
                try await connection.send("GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                #expect(try await connection.message().status == 200)
            }
        }
    }

    @Test("A chunked upload is measured as it comes")
    func tooLargeChunked() async throws {
        try await RawServer.with { connection, _ in
            while try await connection.read() != nil {}
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("PUT /short HTTP/1.1\r\nHost: lms\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for _ in 0..<3 { try await connection.send("28\r\n\(String(repeating: "a", count: 40))\r\n") }
                    #expect(try await connection.message().status == 413)
                    try await connection.send("0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                    #expect(try await connection.message().status == 200)
                }
            }
        }
    }

    @Test("Endless uploads are cut off")
    func endless() async throws {
        var file = TestFile(port: 1)
        file.settings = "discard_limit: 64KiB"
        try await TestGateway.with(file.load()) { gateway in
            try await gateway.connect { connection in
                try await connection.send("PUT /short HTTP/1.1\r\nHost: lms\r\nContent-Length: 1000000000000\r\n\r\n")
                let writer = connection.writer
                async let flood: Void = {
                    // Ends with an error when the gateway closes.
                    while (try? await writer.send(ByteBuffer(repeating: 0x61, count: 65_536))) != nil {}
                }()
                let text = try await connection.readToEnd()
                #expect(text.hasPrefix("HTTP/1.1 413"))
                #expect(text.contains("Connection: close"))
                await flood
            }
        }
    }

    @Test(
        "Heads over the limits are refused",
        arguments: [
            ("GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\n", 414),
            ("GET /healthz HTTP/1.1\r\nHost: lms\r\nA: " + String(repeating: "a", count: 17_000) + "\r\n\r\n", 431),
            ("GET /healthz HTTP/1.1\r\nHost: lms\r\n" + String(repeating: "A: b\r\n", count: 101) + "\r\n", 431),
            ("GET /healthz HTTP/2.0\r\nHost: lms\r\n\r\n", 505),
            ("GET /healthz HTTP/1.1\r\nHost: lms\r\nExpect: magic\r\n\r\n", 417),
            ("BREW /healthz HTTP/1.1\r\nHost: lms\r\n\r\n", 405), ("GET /nowhere HTTP/1.1\r\nHost: lms\r\n\r\n", 404),
            ("TRACE /healthz HTTP/1.1\r\nHost: lms\r\n\r\n", 405), ("POST /healthz HTTP/1.1\r\nHost: lms\r\n\r\n", 405),
        ])
    func limits(request: String, status: Int) async throws {
        var file = TestFile(port: 1)
        file.routes = ""
        var configuration = try file.load()
        configuration.routes[0] = Route(
            pattern: try RoutePattern("/healthz"), methods: HTTPMethods(.get), destination: .own(.alive),
            timeouts: configuration.routes[1].timeouts, bodyLimit: 100, limit: .none)
        try await TestGateway.with(configuration) { gateway in
            let answer = try await gateway.request(request)
            #expect(answer.status == status)
            #expect(answer["content-type"] == "application/problem+json")
            #expect(try answer.json("status") as? Int == status)
        }
    }

    @Test(
        "Requests that hide another behind their framing never reach a service",
        arguments: [
            "POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 44\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /items/1 HTTP/1.1\r\nHost: lms\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
            "POST /items/1 HTTP/1.1\r\nHost: lms\r\nTransfer-Encoding:\u{b}chunked\r\n\r\n0\r\n\r\n",
            "POST /items/1 HTTP/1.1\r\nHost: lms\r\nTransfer-Encoding: chunked\r\n\r\n0;\u{0}\r\n\r\n",
            "POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n",
            "POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length : 44\r\n\r\n",
            "POST /items/1 HTTP/1.1\r\nHost: lms\r\nX: y\r\n Content-Length: 44\r\n\r\n",
            "POST /items/1 HTTP/1.1\r\nHost: lms\r\nX: y\nContent-Length: 44\r\n\r\n",
            "POST /items/1 HTTP/1.1\r\nHost: lms\r\nX: y\rContent-Length: 44\r\n\r\n",
            "GET /items/1 HTTP/1.1\r\nHost: lms\r\nHost: other\r\n\r\n",
            "GET /items/%2e%2e/internal HTTP/1.1\r\nHost: lms\r\n\r\n",
            "GET /items/..%2finternal HTTP/1.1\r\nHost: lms\r\n\r\n",
            "GET /items//internal HTTP/1.1\r\nHost: lms\r\n\r\n",
        ])
    func smuggling(request: String) async throws {
        let seen = Seen()
        try await RawServer.with { connection, _ in
            let message = try await connection.message()
            // The head of a chunked request is sent on before its chunks are read.
            if message.startLine.contains("items"), message["transfer-encoding"] == nil { seen.set() }
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send(request + "GET /items/hidden HTTP/1.1\r\nHost: lms\r\n\r\n")
                    let answer = try await connection.message()
                    #expect(answer.status == 400)
                    #expect(answer["connection"] == "close")
                    #expect(try await connection.read() == nil)
                }
            }
        }
        #expect(!seen.value)
    }

    @Test("Slow heads, slow bodies and silence are cut off")
    func slowLoris() async throws {
        try await RawServer.with { connection, _ in
            while try await connection.read() != nil {}
        } _: { server in
            var file = TestFile(port: server.port)
            file.clients = "  header_timeout: 2s\n  idle_timeout: 2s"
            file.defaults = "  idle_timeout: 2s"
            try await TestGateway.with(file.load()) { gateway in
                try await gateway.connect { connection in
                    let seen = try await connection.read()
                    #expect(seen == nil)
                }
                for text in [
                    "GET /healthz HTT", "POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 10\r\n\r\nabc",
                ] {
                    try await gateway.connect { connection in
                        try await connection.send(text)
                        let answer = try await connection.message()
                        #expect(answer.status == 408)
                        #expect(answer["connection"] == "close")
                    }
                }
                try await gateway.connect { connection in
                    try await connection.send("GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                    #expect(try await connection.message().status == 200)
                    #expect(try await connection.read() == nil)
                }
            }
        }
    }

    @Test("Connections over the limit are closed at once")
    func connectionLimit() async throws {
        var configuration = try TestFile(port: 1).load()
        configuration.clients.connections = 1
        try await TestGateway.with(configuration) { gateway in
            try await gateway.connect { first in
                try await first.send("GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                #expect(try await first.message().status == 200)
                try await gateway.connect { second in
                    let seen = try await second.read()
                    #expect(seen == nil)
                }
                try await first.send("GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                #expect(try await first.message().status == 200)
            }
            try await eventually {
                (try? await gateway.get("/healthz").status) == 200
            }
        }
    }

    @Test("Too many requests are 429 with what a client needs to do better")
    func rateLimits() async throws {
        try await RawServer.with { connection, number in
            while true {
                let request = try await connection.message()
                let status = request["authorization"] == "Bearer good" ? "200 OK" : "401 No"
                try await connection.send("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")
            }
        } _: { server in
            var file = TestFile(port: server.port)
            file.limits = (address: 3, credential: 5, signIn: 1)
            // Nothing comes back in the time that this takes.
            file.limitRate = 0.01
            try await TestGateway.with(file.load()) { gateway in
                try await gateway.connect { connection in
                    func status(_ path: String, _ token: String? = nil) async throws -> RawMessage {
                        let field = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
                        try await connection.send("GET \(path) HTTP/1.1\r\nHost: lms\r\n\(field)\r\n")
                        return try await connection.message()
                    }
                    let first = try await status("/items/1", "good")
                    #expect(first.status == 200)
                    #expect(first["ratelimit-limit"] == "5")
                    #expect(first["ratelimit-remaining"] == "4")
                    for number in 0..<3 {
                        let seen = try await status("/items/1", "bad-\(number)").status
                        #expect(seen == 401)
                    }
                    let limited = try await status("/items/1", "bad-3")
                    #expect(limited.status == 429)
                    // A hundred seconds, less what has passed.
                    let wait = try #require(limited["retry-after"].flatMap { Int($0) })
                    #expect((50...100).contains(wait))
                    #expect(limited["ratelimit-remaining"] == "0")
                    #expect(limited["content-type"] == "application/problem+json")
                    #expect(try await status("/nowhere").status == 429)
                    #expect(try await status("/items/1", "good").status == 200)
                    #expect(try await status("/login").status == 401)
                    #expect(try await status("/login", "good").status == 429)
                    #expect(try await status("/healthz").status == 200)
                }
            }
        }
    }
}

/// Whether something was seen.
private final class Seen: Sendable {
    private let flag = Atomic<Bool>(false)
    func set() { flag.store(true, ordering: .relaxed) }
    var value: Bool { flag.load(ordering: .relaxed) }
}
