import Foundation
import NIOCore
import TestKit
import Testing

@testable import Gateway

@Suite("What HTTP/2 gets that the gateway compresses or serves itself", .timeLimit(.minutes(2)))
struct HTTP2EdgeTests {
    private static let text = String(repeating: #"{"value":21.5,"unit":"C"},"#, count: 20_000)
    private static let script = String(repeating: "console.log('lms');\n", count: 200)

    @Test(
        "An answer is compressed for whoever takes gzip, however the service tells its end",
        arguments: ["Content-Length: \(Self.text.utf8.count)\r\n", ""])
    func compression(framing: String) async throws {
        try await HTTP2Gateway.with { connection, _ in
            while true {
                let request = try await HTTP2Gateway.request(&connection)
                let body = request.startLine.hasPrefix("HEAD") ? "" : Self.text
                try await connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"v1\"\r\n\(framing)\r\n\(body)")
                if framing.isEmpty { return }
            }
        } edit: {
            $0.routes = "  - path: /packed\n    upstream: service\n    gzip: true"
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1, path: "/packed", [("accept-encoding", "gzip")])
                let packed = try await client.response(1)
                #expect(packed.status == 200 && packed["content-encoding"] == "gzip" && packed.resetCode == nil)
                #expect(packed["etag"] == "W/\"v1\"" && packed["vary"] == "Accept-Encoding")
                for name in ["content-length", "transfer-encoding", "connection"] { #expect(packed[name] == nil) }
                #expect(packed.body.readableBytes < Self.text.utf8.count / 4)
                #expect(try RouteCompressionTests.inflate(packed.body) == Self.text)

                // The connection is as good as before, and others get the answer as it is.
                try await client.request(3, path: "/packed")
                let plain = try await client.response(3)
                #expect(plain.text == Self.text && plain["content-encoding"] == nil)
                #expect(plain["etag"] == "\"v1\"" && plain["vary"] == "Accept-Encoding")

                try await client.request(5, path: "/packed", method: "HEAD", [("accept-encoding", "gzip")])
                let head = try await client.next(.headers)
                #expect(head.stream == 5 && head.endsStream)
                #expect(head.fields.contains { $0 == ("content-encoding", "gzip") })
            }
        }
    }

    /// Runs `body` with a client of a gateway that serves files.
    private static func files(
        window: UInt32 = 65_535, _ body: @escaping @Sendable (inout TestHTTP2Client) async throws -> Void
    ) async throws {
        try await TestFolder.with(["app.js": script]) { folder in
            let route = "  - path: /files/*\n    static: \(folder.path)"
            try await HTTP2Gateway.with(edit: { $0.routes = route }) { gateway in
                try await TestHTTP2Client.with(port: gateway.tlsPort, window: window) { try await body(&$0) }
            }
        }
    }

    @Test("A file comes whole, compressed, in part and not at all, on streams of one connection")
    func staticFile() async throws {
        try await Self.files { client in
            let size = Self.script.utf8.count
            try await client.request(1, path: "/files/app.js")
            let whole = try await client.response(1)
            let tag = try #require(whole["etag"])
            #expect(whole.status == 200 && whole.text == Self.script && whole["content-length"] == "\(size)")
            #expect(whole["content-type"] == "text/javascript; charset=utf-8" && whole["cache-control"] == "no-cache")

            try await client.request(3, path: "/files/app.js", [("accept-encoding", "gzip")])
            let packed = try await client.response(3)
            #expect(packed.status == 200 && packed["content-encoding"] == "gzip" && packed["etag"] != tag)
            #expect(try RouteCompressionTests.inflate(packed.body) == Self.script)

            try await client.request(
                5, path: "/files/app.js", [("range", "bytes=8-10"), ("if-range", tag), ("accept-encoding", "gzip")])
            let part = try await client.response(5)
            #expect(part.status == 206 && part.text == "log" && part["content-encoding"] == nil)
            #expect(part["content-range"] == "bytes 8-10/\(size)" && part["content-length"] == "3")

            try await client.request(7, path: "/files/app.js", [("range", "bytes=\(size)-")])
            let outside = try await client.response(7)
            #expect(outside.status == 416 && outside["content-range"] == "bytes */\(size)")

            try await client.request(9, path: "/files/app.js", [("if-none-match", tag)])
            let known = try await client.next(.headers)
            #expect(known.stream == 9 && known.endsStream)
            #expect(known.fields.contains { $0 == (":status", "304") })
        }
    }

    @Test("A part of a file comes as far as its stream has room")
    func partInPieces() async throws {
        try await Self.files(window: 1000) { client in
            client.opensWindows = false
            try await client.request(1, path: "/files/app.js", [("range", "bytes=7-3506")])
            var received = ByteBuffer()
            var room = 1000
            var hasEnded = false
            while !hasEnded {
                let frame = try await client.next(.data)
                received.writeImmutableBuffer(frame.payload)
                hasEnded = frame.endsStream
                #expect(received.readableBytes <= room)
                guard received.readableBytes == room, !hasEnded else { continue }
                room += 1000
                try await client.openWindow(1, by: 1000)
            }
            #expect(String(buffer: received) == String(Self.script.dropFirst(7).prefix(3500)))
        }
    }
}
