import HTTPWire
import NIOCore
import TestKit
import Testing

@testable import Gateway

@Suite("Compression")
struct CompressionTests {
    /// Runs a gateway in front of a service with many paths, once their document is merged.
    private func gateway(_ body: @escaping @Sendable (TestGateway) async throws -> Void) async throws {
        try await RawServer.with { connection, _ in
            while true {
                let request = try await connection.message()
                let paths = (0..<200).map { "  /path-\($0):\n    get: {}\n" }.joined()
                let text = request.startLine.contains("openapi") ? "openapi: 3.1.0\npaths:\n\(paths)" : "plain"
                try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
            }
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await eventually { try await gateway.get("/api/v1/openapi.json").text.contains("/path-199") }
                try await body(gateway)
            }
        }
    }

    private static func document(
        _ gateway: TestGateway, _ encoding: String, method: String = "GET"
    ) async throws -> RawMessage {
        try await gateway.connect { connection in
            try await connection.send(
                "\(method) /api/v1/openapi.json HTTP/1.1\r\nHost: lms\r\nAccept-Encoding: \(encoding)\r\n"
                    + "Connection: close\r\n\r\n")
            return try await connection.message(toHead: method == "HEAD")
        }
    }

    @Test("The gateway's document is gzip for whoever takes it, and the same inside")
    func document() async throws {
        try await gateway { gateway in
            let plain = try await Self.document(gateway, "gzip;q=0")
            #expect(plain["content-encoding"] == nil && plain["vary"] == "Accept-Encoding")
            let packed = try await Self.document(gateway, "br, gzip")
            #expect(packed["content-encoding"] == "gzip" && packed["vary"] == "Accept-Encoding")
            #expect(packed.body.readableBytes < plain.body.readableBytes / 2)
            var input = packed.body
            let inflater = try GzipInflater()
            let inflated = try inflater.inflate(&input, upTo: plain.body.readableBytes + 1)
            #expect(inflated == plain.body)
            #expect(inflater.isFinished)
        }
    }

    @Test("A request for the head alone is told of the plain document")
    func head() async throws {
        try await gateway { gateway in
            let plain = try await Self.document(gateway, "identity")
            let head = try await Self.document(gateway, "gzip", method: "HEAD")
            #expect(head["content-encoding"] == nil)
            #expect(head["content-length"] == plain["content-length"])
        }
    }

    @Test("What is small, and what services answer, stays as it is")
    func others() async throws {
        try await gateway { gateway in
            for (path, text) in [("/healthz", #"{"status":"up"}"#), ("/items/1", "plain")] {
                let answer = try await gateway.request(
                    "GET \(path) HTTP/1.1\r\nHost: lms\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
                #expect(answer.text == text && answer["content-encoding"] == nil && answer["vary"] == nil)
            }
        }
    }
}
