import Foundation
import ServiceKit
import TestKit
import Testing

@testable import Gateway

@Suite("What is told of requests")
struct AccessLogTests {
    @Test("A request has a trace, the client's or a new one, which the service and the access line know")
    func trace() async throws {
        let pipe = Pipe()
        let theirs = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let cases = [
            "/items/given": "traceparent: \(theirs)\r\n", "/items/none": "",
            "/items/broken": "traceparent: 00-aa-bb-01\r\n",
            "/items/twice": "traceparent: \(theirs)\r\nTraceparent: \(theirs)\r\n",
        ]
        let seen = try await RawServer.with { connection, _ in
            let request = try await connection.message()
            let text = request.all("traceparent").joined(separator: " ")
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        } _: { server in
            let log = AccessLog(descriptor: pipe.fileHandleForWriting.fileDescriptor)
            return try await TestGateway.with(TestFile(port: server.port).load(), accessLog: log) { gateway in
                var seen: [String: String] = [:]
                for (path, fields) in cases {
                    seen[path] = try await gateway.request(
                        "GET \(path) HTTP/1.1\r\nHost: lms\r\nConnection: close\r\n\(fields)\r\n"
                    ).text
                }
                return seen
            }
        }
        try pipe.fileHandleForWriting.close()
        #expect(seen["/items/given"] == theirs)
        #expect(Set(seen.values).count == cases.count)
        for line in pipe.fileHandleForReading.readDataToEndOfFile().split(separator: UInt8(ascii: "\n")) {
            let line = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
            let parent = try #require(seen[line["path"] as? String ?? ""])
            #expect(parent.count == 55)
            #expect(line["trace_id"] as? String == String(parent.dropFirst(3).prefix(32)))
        }
    }

    @Test("A log that nobody reads holds nothing up")
    func unreadLog() async throws {
        let pipe = Pipe()
        try await RawServer.with(RawServer.echo) { server in
            let log = AccessLog(descriptor: pipe.fileHandleForWriting.fileDescriptor)
            try await TestGateway.with(TestFile(port: server.port).load(), accessLog: log) { gateway in
                try await gateway.connect { connection in
                    let name = String(repeating: "x", count: 400)
                    // More than a pipe holds.
                    for _ in 0..<600 {
                        try await connection.send("GET /items/\(name) HTTP/1.1\r\nHost: lms\r\n\r\n")
                        #expect(try await connection.message().status == 200)
                    }
                }
            }
        }
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        // Those that are there are whole.
        #expect(text.hasSuffix("}\n") && text.utf8.count > 30_000)
    }

    @Test("Every request leaves one line, without its secrets")
    func accessLog() async throws {
        let pipe = Pipe()
        try await RawServer.with(RawServer.echo) { server in
            let log = AccessLog(descriptor: pipe.fileHandleForWriting.fileDescriptor)
            try await TestGateway.with(TestFile(port: server.port).load(), accessLog: log) { gateway in
                _ = try await gateway.get("/items/1?secret=no")
                _ = try await gateway.get("/api/v1/lms_dev_secret/telemetry")
                _ = try await gateway.get("/api/v1/lms%5Fdev_secret/telemetry")
                _ = try await gateway.get("/api/v1/lms_dev_secret/nowhere")
                _ = try await gateway.request("nonsense\r\n\r\n")
            }
        }
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let lines = try text.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(lines.count == 5)
        #expect(!text.contains("secret"))
        #expect(lines.map { $0["status"] as? Int }.sorted { ($0 ?? 0) < ($1 ?? 0) } == [200, 200, 200, 400, 404])
        let first = try #require(lines.first { $0["path"] as? String == "/items/1" })
        #expect(first["upstream"] as? String == "service")
        #expect(first["method"] as? String == "GET")
        #expect((first["request_id"] as? String)?.count == 32)
        let duration = try #require(first["duration_us"] as? Int)
        #expect((first["copy"] as? String)?.hasPrefix("127.0.0.1:") == true)
        #expect(first["attempts"] as? Int == 1)
        // The first request of a gateway needs a connection.
        for name in ["connect_us", "first_byte_us"] {
            let time = try #require(first[name] as? Int)
            #expect((0...duration).contains(time), "\(name)")
        }
        let own = try #require(lines.first { $0["status"] as? Int == 404 })
        #expect(own["copy"] == nil && own["attempts"] == nil && own["first_byte_us"] == nil)
    }

    @Test("Each route is counted by itself, and how long a socket stays is no latency")
    func routes() async throws {
        let pipe = Pipe()
        let registry = PrometheusRegistry()
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/ws") else { return }
            try await connection.send("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            while try await connection.read() != nil {}
        } _: { server in
            let log = AccessLog(descriptor: pipe.fileHandleForWriting.fileDescriptor)
            let file = TestFile(port: server.port)
            try await TestGateway.with(file.load(), accessLog: log, metrics: registry) { gateway in
                try await gateway.connect { connection in
                    try await connection.send(
                        "GET /ws HTTP/1.1\r\nHost: lms\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
                    #expect(try await connection.message().status == 101)
                    // It stays.
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(try await gateway.get("/healthz").status == 200)
                #expect(try await gateway.get("/nowhere").status == 404)
            }
        }
        try pipe.fileHandleForWriting.close()
        let lines = try pipe.fileHandleForReading.readDataToEndOfFile().split(separator: UInt8(ascii: "\n")).map {
            try #require(try JSONSerialization.jsonObject(with: $0) as? [String: Any])
        }
        let text = registry.exposition()
        func value(_ name: String, _ labels: String...) throws -> Double {
            let line = try #require(
                text.split(separator: "\n").first { line in
                    line.hasPrefix(name + "{") && labels.allSatisfy { line.contains($0) }
                }, "\(labels)")
            return try #require(Double(line.split(separator: " ").last ?? ""))
        }
        let requests = "lms_gateway_requests_total"
        #expect(try value(requests, #"service="service""#, #"route="/ws""#, #"status="1xx""#) == 1)
        #expect(try value(requests, #"service="gateway""#, #"route="/healthz""#, #"status="2xx""#) == 1)
        #expect(try value(requests, #"service="gateway""#, #"route="none""#, #"status="4xx""#) == 1)
        let socket = try #require(lines.first { $0["path"] as? String == "/ws" })
        let (stay, answer) = (socket["duration_us"] as? Int ?? 0, socket["first_byte_us"] as? Int ?? 0)
        #expect(stay >= answer + 50_000)
        let sum = try value("lms_gateway_request_duration_seconds_sum", #"route="/ws""#)
        #expect(abs(sum * 1e6 - Double(answer)) <= 1)
    }

    @Test("A line tells how often a request was sent, and to which copy last")
    func attempts() async throws {
        let pipe = Pipe()
        let port = try await RawServer.with(RawServer.echo) { server in
            var file = TestFile(port: 1)
            file.upstream.append(server.port)
            file.health = "  interval: 1h"
            let log = AccessLog(descriptor: pipe.fileHandleForWriting.fileDescriptor)
            try await TestGateway.with(file.load(), accessLog: log) { gateway in
                for _ in 0..<10 { _ = try await gateway.get("/items/1") }
            }
            return server.port
        }
        try pipe.fileHandleForWriting.close()
        var attempts: Set<Int> = []
        for line in pipe.fileHandleForReading.readDataToEndOfFile().split(separator: UInt8(ascii: "\n")) {
            let line = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
            #expect(line["copy"] as? String == "127.0.0.1:\(port)")
            attempts.insert(try #require(line["attempts"] as? Int))
        }
        #expect(attempts == [1, 2])
    }
}
