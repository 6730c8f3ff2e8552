import NIOCore
import Synchronization
import TestKit
import Testing

@testable import Gateway

@Suite("Failing services")
struct FailureTests {
    @Test("A service that is away is 503 with a time to come back, and the connection lives on")
    func away() async throws {
        try await TestGateway.with(TestFile(port: 1).load()) { gateway in
            try await gateway.connect { connection in
                for _ in 0..<2 {
                    try await connection.send("POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 3\r\n\r\nabc")
                    let answer = try await connection.message()
                    #expect(answer.status == 503)
                    #expect(answer["content-type"] == "application/problem+json")
                    #expect(answer["retry-after"] == "1")
                    #expect(try answer.json("instance") as? String == "/items/1")
                    #expect(try answer.json("request_id") as? String == answer["x-request-id"])
                }
            }
        }
    }

    @Test("A copy that is away is passed over for one that is not")
    func otherCopy() async throws {
        try await RawServer.with(RawServer.echo) { server in
            var file = TestFile(port: 1)
            file.upstream.append(server.port)
            try await TestGateway.with(file.load()) { gateway in
                for number in 0..<10 {
                    let seen = try await gateway.get("/items/\(number)").status
                    #expect(seen == 200)
                }
            }
        }
    }

    @Test("A restart of the only copy goes unnoticed by those who ask meanwhile", arguments: [false, true])
    func restart(expectsContinue: Bool) async throws {
        let (ports, started) = AsyncStream.makeStream(of: Int.self)
        let (stopped, stop) = AsyncStream.makeStream(of: Void.self)
        async let before: Void = RawServer.with(RawServer.echo) { server in
            started.yield(server.port)
            for await _ in stopped { break }
        }
        let port = try #require(await ports.first { _ in true })
        var file = TestFile(port: port)
        // Only requests find out that the service is away.
        file.health = "  interval: 1h"
        try await TestGateway.with(file.load()) { gateway in
            try await eventually { try await gateway.get("/api/v1/system/health").text.contains(#""up""#) }
            stop.finish()
            try await eventually { (try? await RawConnection.to(port: port) { _ in }) == nil }
            let (answered, end) = AsyncStream.makeStream(of: Void.self)
            async let service: Void = {
                try await eventually {
                    try await !gateway.get("/metrics.json").text.contains(#""failures":0},"gateway"#)
                }
                try await RawServer.with(port: port, RawServer.echo) { _ in
                    for await _ in answered { break }
                }
            }()
            try await gateway.connect { connection in
                let head = "POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 3\r\n"
                if expectsContinue {
                    try await connection.send(head + "Expect: 100-continue\r\n\r\n")
                    #expect(try await connection.message().status == 100)
                    try await connection.send("abc")
                } else {
                    try await connection.send(head + "\r\nabc")
                }
                #expect(try await connection.message().text.hasSuffix("POST /items/1 HTTP/1.1 abc"))
            }
            end.finish()
            try await service
        }
        try await before
    }

    @Test(
        "What is no HTTP is 502",
        arguments: [
            "hello\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 200 OK\r\nBad header\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 101 Switching\r\n\r\n",
        ])
    func malformed(text: String) async throws {
        try await RawServer.with { connection, _ in
            _ = try await connection.message()
            try await connection.send(text)
            _ = try await connection.read()
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                let seen = try await gateway.get("/items/1").status
                #expect(seen == 502)
            }
        }
    }

    @Test("A service that says nothing, or ends before it has said anything, is 503", arguments: [true, false])
    func unanswered(staysOpen: Bool) async throws {
        try await RawServer.with { connection, _ in
            _ = try await connection.message()
            if staysOpen { _ = try await connection.read() }
        } _: { server in
            var file = TestFile(port: server.port)
            file.defaults = "  response_timeout: 200ms"
            try await TestGateway.with(file.load()) { gateway in
                let answer = try await gateway.get("/items/1")
                #expect(answer.status == 503)
                #expect(answer["retry-after"] == "1")
                #expect(answer["content-type"] == "application/problem+json")
            }
        }
    }

    @Test("A service that dies in its answer ends the client's connection, so that nobody takes half for whole")
    func killedMidResponse() async throws {
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            guard request.startLine.contains("/items") else { return }
            let chunked = request.startLine.contains("chunked")
            try await connection.send(
                chunked
                    ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
                    : "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                for path in ["/items/plain", "/items/chunked"] {
                    try await gateway.connect { connection in
                        try await connection.send("GET \(path) HTTP/1.1\r\nHost: lms\r\n\r\n")
                        let text = try await connection.readToEnd()
                        #expect(text.contains("hello"))
                        #expect(!text.hasSuffix("0\r\n\r\n"))
                    }
                }
            }
        }
    }

    @Test(
        "A connection that went stale is replaced for requests that may be repeated",
        arguments: [
            ("GET /items/1", 200), ("PUT /items/1", 200), ("POST /items/1", 503), ("POST /repeatable", 200),
        ])
    func stale(request: String, status: Int) async throws {
        // A service that answers one request on a connection and ends it upon the next.
        try await RawServer.with { connection, _ in
            _ = try await connection.message()
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            _ = try await connection.message()
        } _: { server in
            var file = TestFile(port: server.port)
            file.health = "  interval: 1h"
            try await TestGateway.with(file.load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /items/0 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    #expect(try await connection.message().status == 200)
                    try await connection.send("\(request) HTTP/1.1\r\nHost: lms\r\nContent-Length: 3\r\n\r\nabc")
                    #expect(try await connection.message().status == status)
                }
            }
        }
    }

    @Test("A route without retries never sends a request again", arguments: [0, 1])
    func retries(count: Int) async throws {
        let seen = Mutex(0)
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/once") else { return }
            let number = seen.withLock { seen in
                seen += 1
                return seen
            }
            guard number > 1 else { return }
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        } _: { server in
            var file = TestFile(port: server.port)
            file.routes = "  - path: /once\n    upstream: service\n    retries: \(count)\n"
            try await TestGateway.with(file.load()) { gateway in
                let status = try await gateway.get("/once").status
                #expect(status == (count == 0 ? 503 : 200))
                #expect(seen.withLock { $0 } == count + 1)
            }
        }
    }

    @Test(
        "What meets the end of a connection, of which the service says so, goes out again whatever it is",
        arguments: [true, false])
    func unused(isReused: Bool) async throws {
        let end = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        let isEnding = Mutex(!isReused)
        try await RawServer.with { connection, number in
            guard try await connection.message().startLine.contains("/items") else { return }
            if isEnding.withLock({ isEnding in
                defer { isEnding = false }
                return isEnding
            }) {
                return try await connection.send(end)
            }
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(number)")
            _ = try await connection.message()
            try await connection.send(end)
        } _: { server in
            var file = TestFile(port: server.port)
            file.health = "  interval: 1h"
            try await TestGateway.with(file.load()) { gateway in
                try await gateway.connect { connection in
                    if isReused {
                        try await connection.send("GET /items/0 HTTP/1.1\r\nHost: lms\r\n\r\n")
                        #expect(try await connection.message().status == 200)
                    }
                    try await connection.send("POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 3\r\n\r\nabc")
                    #expect(try await connection.message().status == 200)
                }
                #expect(try await gateway.get("/metrics.json").text.contains(#""failures":0},"gateway"#))
            }
        }
    }

    @Test("What a service says of a request itself, which took too long, is an answer")
    func tookTooLong() async throws {
        let seen = Mutex(0)
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/items") else { return }
            seen.withLock { $0 += 1 }
            try await connection.send("HTTP/1.1 408 X\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlate")
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                let answer = try await gateway.get("/items/1")
                #expect(answer.status == 408 && answer.text == "late")
                #expect(seen.withLock { $0 } == 1)
            }
        }
    }

    @Test(
        "A new connection that is closed before the answer is replaced once, for requests that may be repeated",
        arguments: [
            ("GET /items/1", 1, 200), ("GET /items/1", 2, 503), ("POST /repeatable", 1, 200), ("POST /items/1", 1, 503),
        ])
    func stopping(request: String, closed: Int, status: Int) async throws {
        let seen = Mutex(0)
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.hasPrefix(request) else { return }
            let number = seen.withLock { seen in
                seen += 1
                return seen
            }
            guard number > closed else { return }
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("\(request) HTTP/1.1\r\nHost: lms\r\nContent-Length: 3\r\n\r\nabc")
                    #expect(try await connection.message().status == status)
                }
            }
        }
    }

    @Test("A client that goes away takes its service connection along")
    func clientGone() async throws {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            guard request.startLine.contains("/items") else { return }
            begin.yield()
            while try await connection.read() != nil {}
            end.yield()
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    for await _ in begun { break }
                }
                for await _ in ended { break }
            }
        }
    }

    @Test("An answer that comes before the end of the upload is passed on, and the rest is dropped")
    func earlyAnswer() async throws {
        try await RawServer.with { connection, _ in
            while true {
                let head = try await connection.read(through: "\r\n\r\n")
                try await connection.send("HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")
                if head.contains("POST") { while try await connection.read() != nil {} }
            }
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 10\r\n\r\nhello")
                    #expect(try await connection.message().status == 401)
                    try await connection.send("world")
                    try await connection.send("GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                    #expect(try await connection.message().status == 200)
                }
            }
        }
    }
}
