import NIOCore
import TestKit
import Testing

@testable import Gateway

/// A gateway with TLS for the tests of HTTP/2.
enum HTTP2Gateway {
    /// The next request on a connection to a service; what the gateway asks for itself is not answered.
    static func request(_ connection: inout RawConnection) async throws -> RawMessage {
        let request = try await connection.message()
        guard !request.startLine.contains("yz"), !request.startLine.contains(".yaml") else { throw CancellationError() }
        return request
    }

    /// Runs `body` with a gateway in front of a service that does what `script` says; what `edit` sets as `tls` is added
    /// to the rest of that section.
    static func with<Result: Sendable>(
        _ script: @escaping @Sendable (inout RawConnection, Int) async throws -> Void = RawServer.echo,
        edit: (inout TestFile) -> Void = { _ in },
        _ body: @escaping @Sendable (TestGateway) async throws -> Result
    ) async throws -> Result {
        var file = TestFile(port: 0)
        edit(&file)
        let prepared = file
        return try await TestCertificate.with { files in
            try await RawServer.with(script) { server in
                var file = prepared
                file.upstream = [server.port]
                file.tls = files.settings(prepared.tls ?? "")
                return try await TestGateway.with(file.load(), body)
            }
        }
    }
}

@Suite("What HTTP/2 forbids", .timeLimit(.minutes(2)))
struct HTTP2StrictnessTests {
    private static let standard = [
        (":method", "GET"), (":scheme", "https"), (":path", "/items/1"), (":authority", "lms"),
    ]

    private static func replacing(_ name: String, _ value: String) -> [(String, String)] {
        standard.map { $0.0 == name ? (name, value) : $0 }
    }

    @Test("A malformed request resets its stream and reaches no service; the connection goes on")
    func malformed() async throws {
        let cases: [(what: String, pseudo: [(String, String)], fields: [(String, String)])] = [
            ("capitals", Self.standard, [("X-Capital", "a")]),
            ("connection", Self.standard, [("connection", "close")]),
            ("transfer-encoding", Self.standard, [("transfer-encoding", "chunked")]),
            ("upgrade", Self.standard, [("upgrade", "websocket")]),
            ("keep-alive", Self.standard, [("keep-alive", "1")]),
            ("te", Self.standard, [("te", "gzip")]),
            ("CR LF in a value", Self.standard, [("x-a", "b\r\nx-c: d")]),
            ("LF in a value", Self.standard, [("x-a", "b\nx-c: d")]),
            ("CR in a value", Self.standard, [("x-a", "b\rc")]),
            ("NUL in a value", Self.standard, [("x-a", "b\0c")]),
            ("DEL in a value", Self.standard, [("x-a", "b\u{7f}c")]),
            ("a space before a value", Self.standard, [("x-a", " b")]),
            ("a tab behind a value", Self.standard, [("x-a", "b\t")]),
            ("CR LF in a name", Self.standard, [("x-a\r\nx-b", "c")]),
            ("a colon in a name", Self.standard, [("x-a: b", "c")]),
            ("CR LF in a cookie", Self.standard, [("cookie", "a=b\r\nx-c: d")]),
            ("no method", Array(Self.standard.dropFirst()), []),
            ("no scheme", Self.standard.filter { $0.0 != ":scheme" }, []),
            ("no path", Self.standard.filter { $0.0 != ":path" }, []),
            ("two paths", Self.standard + [(":path", "/items/2")], []),
            ("an unknown pseudo-header", Self.standard + [(":next", "a")], []),
            ("a status", Self.standard + [(":status", "200")], []),
            ("a late pseudo-header", Array(Self.standard.dropLast()), [("x-a", "b"), (":authority", "lms")]),
            ("an empty path", Self.replacing(":path", ""), []),
            ("a path with a space", Self.replacing(":path", "/items/1 HTTP/1.1"), []),
            ("a path with CR LF", Self.replacing(":path", "/ HTTP/1.1\r\nHost: x\r\n\r\nGET /items/2"), []),
            ("a path without a slash", Self.replacing(":path", "items/1"), []),
            ("an absolute path", Self.replacing(":path", "http://other/items/1"), []),
            ("a method with a space", Self.replacing(":method", "GET /items/2"), []),
            ("a method with CR LF", Self.replacing(":method", "GET\r\n"), []),
            ("another scheme", Self.replacing(":scheme", "ftp"), []),
            ("an authority with CR LF", Self.replacing(":authority", "lms\r\nx-a: b"), []),
            ("another host", Self.standard, [("host", "other")]),
            ("CONNECT", [(":method", "CONNECT"), (":authority", "lms:443")], []),
            ("WebSocket", Self.replacing(":method", "CONNECT") + [(":protocol", "websocket")], []),
            ("content-length without content", Self.standard, [("content-length", "5")]),
        ]
        let reached = Reached()
        try await HTTP2Gateway.with { connection, _ in
            while true {
                let request = try await HTTP2Gateway.request(&connection)
                reached.note(request.startLine)
                try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        } _: { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                var stream: UInt32 = 1
                for (what, pseudo, fields) in cases {
                    try await client.request(stream, pseudo: pseudo, fields)
                    let code = try? await client.response(stream).resetCode
                    #expect(code == TestHTTP2Code.protocolError, "\(what)")
                    stream += 2
                }
                try await client.request(stream, path: "/items/last")
                #expect(try await client.response(stream).text == "ok")
            }
        }
        #expect(reached.lines == ["GET /items/last HTTP/1.1"])
    }

    @Test("Content that is not as long as announced resets the stream", arguments: [2, 9])
    func contentLength(sent: Int) async throws {
        try await HTTP2Gateway.with { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1, method: "PUT", [("content-length", "5")], ends: false)
                try await client.data(1, ByteBuffer(repeating: 0x61, count: sent), ends: true)
                #expect(try await client.response(1).resetCode == TestHTTP2Code.protocolError)
            }
        }
    }

    @Test("What the gateway refuses in HTTP/1.1 it answers the same here")
    func refusals() async throws {
        try await HTTP2Gateway.with { gateway in
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1, path: "/nowhere")
                #expect(try await client.response(1).status == 404)
                try await client.request(3, path: "/items/../short")
                #expect(try await client.response(3).status == 400)
                try await client.request(5, pseudo: Self.standard.filter { $0.0 != ":authority" })
                #expect(try await client.response(5).status == 400)
                try await client.request(7, [("x-large", String(repeating: "a", count: 17_000))])
                #expect(try await client.response(7).status == 431)
                try await client.request(9, path: "/short", method: "POST", [("content-length", "101")], ends: false)
                let refused = try await client.response(9)
                #expect(refused.status == 413)
                #expect(refused["content-type"] == "application/problem+json")
                #expect(refused["connection"] == nil)
                let large = [("x-large", String(repeating: "a", count: 17_000))]
                try await client.request(11, method: "HEAD", large)
                let toHead = try await client.response(11)
                #expect(toHead.status == 431)
                #expect(toHead.text.isEmpty)
            }
        }
    }

    @Test("A connection that begins with something else, or has a frame that is too large, is told so and ends")
    func connectionErrors() async throws {
        try await HTTP2Gateway.with { gateway in
            let begun = "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"
            let wrong = try await TestHTTP2Client.with(port: gateway.tlsPort, preface: begun) { client in
                try await client.goAway()
            }
            #expect(wrong == TestHTTP2Code.protocolError)
            let large = try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                let payload = ByteBuffer(repeating: 0, count: 16_385)
                try await client.send(TestHTTP2Frame(kind: .data, stream: 1, payload: payload))
                return try await client.goAway()
            }
            #expect(large == TestHTTP2Code.frameSize)
            let short = try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.send(TestHTTP2Frame(kind: .ping, payload: ByteBuffer(repeating: 0, count: 7)))
                return try await client.goAway()
            }
            #expect(short == TestHTTP2Code.frameSize)
            let idle = try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.data(1, ByteBuffer(string: "a"))
                return try await client.goAway()
            }
            #expect(try #require(idle) != TestHTTP2Code.none)
        }
    }
}
