import Foundation
import NIOCore
import ServiceKit
import TestKit
import Testing

@testable import Gateway

@Suite("The gateway's file, read again", .timeLimit(.minutes(1)))
struct ReloadTests {
    /// A file with a route that tells which reading of it is in use.
    private static func file(port: Int, routes: String = "") -> TestFile {
        var file = TestFile(port: port)
        file.routes = "  - path: /version\n    answer: version\n    limit: none\n\(routes)"
        return file
    }

    /// Waits until the gateway serves by the reading `number` of its file.
    private static func awaitConfiguration(_ number: Int, _ gateway: TestGateway) async throws {
        try await eventually { try await gateway.get("/version").json("configuration") as? Int == number }
    }

    /// A service that answers requests with its name and their path, and sends back what comes on a socket.
    private static func serve(_ name: String, _ connection: inout RawConnection) async throws {
        while true {
            let request = try await connection.message()
            if request["upgrade"] == "websocket" {
                try await connection.send("HTTP/1.1 101 Switching Protocols\r\n\r\n")
                while let bytes = try await connection.read() { try await connection.send(bytes) }
                return
            }
            let text = "\(name) \(request.startLine)"
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        }
    }

    private static func get(_ path: String, _ connection: inout RawConnection) async throws -> RawMessage {
        try await connection.send("GET \(path) HTTP/1.1\r\nHost: lms\r\n\r\n")
        return try await connection.message()
    }

    @Test("Under load no request fails, no connection ends, and new routes are there")
    func underLoad() async throws {
        let end = Gate()
        try await RawServer.with { connection, _ in
            try await Self.serve("service", &connection)
        } _: { server in
            let file = ChangingFile(Self.file(port: server.port))
            try await TestGateway.with(Self.file(port: server.port).load(), reloads: file.reloads) { gateway in
                try await withThrowingTaskGroup(of: Int.self) { clients in
                    for client in 0..<8 {
                        clients.addTask {
                            try await gateway.connect { connection in
                                var count = 0
                                repeat {
                                    let answer = try await Self.get("/items/\(client)", &connection)
                                    guard answer.status == 200, answer["connection"] != "close" else { return -1 }
                                    count += 1
                                } while !end.isOpen
                                return count
                            }
                        }
                    }
                    // The others end with this, whatever comes of it.
                    defer { end.open() }
                    try await Self.reloadRepeatedly(file, gateway, port: server.port)
                    end.open()
                    for try await count in clients { #expect(count > 0) }
                }
            }
        }
    }

    private static func reloadRepeatedly(_ file: ChangingFile, _ gateway: TestGateway, port: Int) async throws {
        try await gateway.connect { kept in
            try await gateway.connect { socket in
                try await socket.send(
                    "GET /ws HTTP/1.1\r\nHost: lms\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        + "Sec-WebSocket-Key: x\r\n\r\n")
                #expect(try await socket.message().status == 101)
                for round in 2...6 {
                    #expect(try await get("/new\(round)", &kept).status == 404)
                    file.replace(by: Self.file(port: port, routes: "  - path: /new\(round)\n    upstream: service\n"))
                    try await awaitConfiguration(round, gateway)
                    #expect(try await get("/new\(round)", &kept).text.contains("/new\(round)"))
                    let frame = ByteBuffer(bytes: TestFrame.text(9, masked: true).bytes)
                    try await socket.send(frame)
                    #expect(try await socket.read(count: frame.readableBytes) == frame)
                }
            }
        }
    }

    @Test("A file that is wrong changes nothing, and is told of with its line and by a metric")
    func refused() async throws {
        let registry = PrometheusRegistry()
        let log = RecordedLog()
        try await RawServer.with { connection, _ in
            try await Self.serve("service", &connection)
        } _: { server in
            let good = Self.file(port: server.port)
            let file = ChangingFile(good)
            try await TestGateway.with(good.load(), reloads: file.reloads, metrics: registry, log: log) { gateway in
                try await gateway.connect { kept in
                    #expect(try await Self.get("/items/1", &kept).status == 200)
                    file.replace(by: Self.file(port: server.port, routes: "  - path: /new\n    upstream: nowhere\n"))
                    try await eventually {
                        registry.exposition().contains(#"lms_gateway_reloads_total{outcome="refused"} 1"#)
                    }
                    let line = try #require(log.lines.first { $0.level == .error })
                    #expect(line.metadata["error"]?.contains("there is no upstream 'nowhere'") == true)
                    #expect(line.metadata["error"]?.contains(#/^[0-9]+:[0-9]+: /#) == true)
                    #expect(try await Self.get("/items/1", &kept).status == 200)
                    #expect(try await Self.get("/version", &kept).json("configuration") as? Int == 1)
                }
                file.replace(by: good)
                try await Self.awaitConfiguration(2, gateway)
                try await eventually {
                    let text = registry.exposition()
                    return text.contains(#"lms_gateway_reloads_total{outcome="applied"} 1"#)
                        && text.contains("lms_gateway_configuration 2")
                        && log.lines.contains { $0.level == .notice && $0.message == "reloaded" }
                }
            }
        }
    }

    @Test("Requests under way at an upstream that is removed finish, while others move up")
    func removed() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (resumed, resume) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/old") else { return }
            begin.yield()
            for await _ in resumed { break }
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")
        } _: { old in
            try await RawServer.with { connection, _ in
                try await Self.serve("service", &connection)
            } _: { server in
                var before = Self.file(port: server.port, routes: "  - path: /old\n    upstream: old\n")
                before.upstreams = "  old: http://127.0.0.1:\(old.port)"
                var after = Self.file(port: server.port, routes: "  - path: /added\n    upstream: added\n")
                after.upstreams = "  added: http://127.0.0.1:\(server.port)"
                let (second, file) = (after, ChangingFile(before))
                try await TestGateway.with(before.load(), reloads: file.reloads) { gateway in
                    try await gateway.connect { busy in
                        try await busy.send("GET /old HTTP/1.1\r\nHost: lms\r\n\r\n")
                        for await _ in begun { break }
                        file.replace(by: second)
                        try await Self.awaitConfiguration(2, gateway)
                        #expect(try await gateway.get("/old").status == 404)
                        #expect(try await gateway.get("/items/1").text.hasPrefix("service "))
                        #expect(try await gateway.get("/added").text.hasPrefix("service "))
                        let health = try await gateway.get("/api/v1/system/health").json("services")
                        #expect(Set((health as? [String: Any] ?? [:]).keys) == ["added", "service"])
                        resume.finish()
                        #expect(try await busy.message().text == "old")
                        #expect(try await Self.get("/items/1", &busy).status == 200)
                    }
                }
            }
        }
    }

    @Test("Addresses, limits and sizes hold for the next request on a connection that is open")
    func settings() async throws {
        try await RawServer.with { connection, _ in
            try await Self.serve("first", &connection)
        } _: { first in
            try await RawServer.with { connection, _ in
                try await Self.serve("second", &connection)
            } _: { second in
                let file = ChangingFile(Self.file(port: first.port))
                try await TestGateway.with(Self.file(port: first.port).load(), reloads: file.reloads) { gateway in
                    try await gateway.connect { kept in
                        let answer = try await Self.get("/items/1", &kept)
                        #expect(answer.text.hasPrefix("first ") && answer["ratelimit-limit"] == "1000000")
                        var next = Self.file(port: second.port)
                        next.limits.address = 20
                        next.clients = "  head_limit: 1KiB\n  connections_per_address: 2"
                        next.defaults = "  response_timeout: 5s\n  body_limit: 10"
                        file.replace(by: next)
                        try await Self.awaitConfiguration(2, gateway)
                        try await Self.expectSmallLimits(gateway, &kept)
                    }
                }
            }
        }
    }

    private static func expectSmallLimits(_ gateway: TestGateway, _ kept: inout RawConnection) async throws {
        let answer = try await get("/items/1", &kept)
        #expect(answer.text.hasPrefix("second ") && answer["ratelimit-limit"] == "20")
        try await kept.send("POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 11\r\n\r\nhello world")
        #expect(try await kept.message().status == 413)
        // The third of an address that has two is closed unread; those before may not have ended yet.
        try await eventually {
            try await gateway.connect { other in
                guard try await get("/version", &other).status == 200 else { return false }
                do { _ = try await gateway.get("/version") } catch { return true }
                return false
            }
        }
        var statuses: [Int] = []
        for _ in 0..<60 { statuses.append(try await get("/items/1", &kept).status) }
        #expect(statuses.contains(429))
        let field = String(repeating: "x", count: 2048)
        try await kept.send("GET /version HTTP/1.1\r\nHost: lms\r\nX-Long: \(field)\r\n\r\n")
        #expect(try await kept.message().status == 431)
    }

    @Test("What only a new process takes into use is named")
    func restart() async throws {
        let log = RecordedLog()
        let file = ChangingFile(Self.file(port: 1))
        try await TestGateway.with(Self.file(port: 1).load(), reloads: file.reloads, log: log) { gateway in
            var next = Self.file(port: 1)
            next.listenHost = "127.0.0.2"
            file.replace(by: next)
            try await Self.awaitConfiguration(2, gateway)
            try await eventually { log.lines.contains { $0.level == .warning } }
            #expect(log.lines.filter { $0.level == .warning }.map { $0.metadata["setting"] } == ["listen"])
        }
    }
}
