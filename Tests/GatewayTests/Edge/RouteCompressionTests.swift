import HTTPWire
import NIOCore
import NIOPosix
import Synchronization
import TestKit
import Testing

@testable import Gateway

private let json = "Content-Type: application/json\r\n"

@Suite("Compression of what services leave uncompressed", .timeLimit(.minutes(2)))
struct RouteCompressionTests {
    private static let text = String(repeating: #"{"value":21.5,"unit":"C"},"#, count: 200)

    /// Runs a gateway whose route `/packed` compresses, in front of a service that answers with `head` and `body`.
    private static func gateway(
        head: String = json, framing: String? = nil, body: String = text, status: String = "200 OK",
        _ test: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        let framing = framing ?? "Content-Length: \(body.utf8.count)\r\n"
        try await RawServer.with { connection, _ in
            while true {
                let request = try await connection.message()
                let content = request.startLine.hasPrefix("HEAD") ? "" : body
                try await connection.send("HTTP/1.1 \(status)\r\n\(head)\(framing)\r\n\(content)")
                if framing.isEmpty { return }
            }
        } _: { server in
            try await TestGateway.with(file(server.port).load(), test)
        }
    }

    private static func file(_ port: Int) -> TestFile {
        var file = TestFile(port: port)
        file.routes = """
              - path: /packed
                upstream: service
                gzip: true
              - path: /stream
                upstream: service
                stream: true
                gzip: true
            """
        return file
    }

    private static func get(
        _ gateway: TestGateway, _ path: String = "/packed", encoding: String = "gzip", method: String = "GET",
        version: String = "1.1", fields: String = ""
    ) async throws -> RawMessage {
        try await gateway.connect { connection in
            try await connection.send(
                "\(method) \(path) HTTP/\(version)\r\nHost: lms\r\nAccept-Encoding: \(encoding)\r\n\(fields)"
                    + "Connection: close\r\n\r\n")
            return try await connection.message(toHead: method == "HEAD")
        }
    }

    static func inflate(_ bytes: ByteBuffer) throws -> String {
        var input = bytes
        var text = ""
        let inflater = try GzipInflater()
        while !inflater.isFinished {
            let piece = try inflater.inflate(&input, upTo: 1 << 16)
            guard piece.readableBytes > 0 || inflater.isFinished else { break }
            text += String(buffer: piece)
        }
        #expect(inflater.isFinished && input.readableBytes == 0)
        return text
    }

    @Test("Whoever takes gzip gets it, with a weak tag; others get the answer as it is, told that it varies")
    func exchange() async throws {
        let head = json + "ETag: \"v1\"\r\nAccept-Ranges: bytes\r\nVary: Origin\r\n"
        try await Self.gateway(head: head) { gateway in
            let packed = try await Self.get(gateway)
            #expect(packed.status == 200 && packed["content-encoding"] == "gzip")
            #expect(packed["content-length"] == nil && packed["transfer-encoding"] == "chunked")
            #expect(packed.all("etag") == ["W/\"v1\""] && packed["accept-ranges"] == nil)
            #expect(packed.all("vary") == ["Origin", "Accept-Encoding"])
            #expect(packed.body.readableBytes < Self.text.utf8.count / 4)
            #expect(try Self.inflate(packed.body) == Self.text)

            let plain = try await Self.get(gateway, encoding: "gzip;q=0, br")
            #expect(plain.text == Self.text && plain["content-encoding"] == nil)
            #expect(plain["content-length"] == "\(Self.text.utf8.count)" && plain.all("etag") == ["\"v1\""])
            #expect(plain.all("vary") == ["Origin", "Accept-Encoding"])
            // A route that says nothing leaves everything as it is.
            let other = try await Self.get(gateway, "/items/1")
            #expect(other.text == Self.text && other.all("vary") == ["Origin"])
        }
    }

    @Test("HEAD tells what GET gives")
    func head() async throws {
        try await Self.gateway(head: json + "ETag: \"v1\"\r\n") { gateway in
            for encoding in ["gzip", "identity"] {
                let get = try await Self.get(gateway, encoding: encoding)
                let head = try await Self.get(gateway, encoding: encoding, method: "HEAD")
                for name in ["content-encoding", "content-length", "etag", "vary"] {
                    #expect(head[name] == get[name], "\(name), \(encoding)")
                }
            }
        }
    }

    @Test(
        "The end of the answer is found however the service tells it",
        arguments: [
            ("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n1\r\n \r\n7;x=y\r\ngateway\r\n0\r\nX-Trailer: y\r\n\r\n"),
            ("", "hello gateway"), ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), ("", ""),
        ])
    func framings(framing: String, body: String) async throws {
        try await Self.gateway(framing: framing, body: body) { gateway in
            let packed = try await Self.get(gateway)
            #expect(packed["content-encoding"] == "gzip")
            #expect(try Self.inflate(packed.body) == (body.count > 5 ? "hello gateway" : ""))
        }
    }

    @Test(
        "What would not gain, or must not be touched, passes as it is",
        arguments: [
            "Content-Type: image/png\r\n", "Content-Type: text/event-stream; charset=utf-8\r\n", "",
            "Content-Type: application/jsonx\r\n", json + "Content-Encoding: br\r\n",
            json + "Cache-Control: max-age=5, No-Transform\r\n", json + "Content-Digest: sha-256=:eA==:\r\n",
        ])
    func untouched(head: String) async throws {
        try await Self.gateway(head: head) { gateway in
            let answer = try await Self.get(gateway)
            #expect(answer.text == Self.text && answer["content-length"] == "\(Self.text.utf8.count)")
            #expect(answer["vary"] == nil && answer["content-encoding"] == (head.contains("br\r\n") ? "br" : nil))
        }
    }

    @Test("Types are taken by their names and endings, with parameters and in any case")
    func types() {
        for (type, isCompressible) in [
            ("text/html; charset=utf-8", true), ("TEXT/CSV", true), ("application/problem+json", true),
            ("image/svg+xml", true), ("application/json;v=1", true), ("application/x-ndjson", true),
            ("application/octet-stream", false), ("text/event-stream", false), ("video/mp4", false), ("", false),
        ] {
            let bytes = Array(type.utf8)
            #expect(ResponseCompression.isCompressible(bytes.span, 0..<bytes.count) == isCompressible, "\(type)")
        }
    }

    @Test("Of two lengths the one above a kibibyte is compressed", arguments: [1024, 1025])
    func threshold(length: Int) async throws {
        try await Self.gateway(body: String(repeating: "a", count: length)) { gateway in
            let answer = try await Self.get(gateway)
            #expect(answer["content-encoding"] == (length > 1024 ? "gzip" : nil))
        }
    }

    @Test("Errors, parts, HTTP/1.0 and event streams pass as they are")
    func others() async throws {
        for status in ["404 Not Found", "206 Partial Content"] {
            try await Self.gateway(status: status) { gateway in
                let answer = try await Self.get(gateway)
                #expect(answer.text == Self.text && answer["content-encoding"] == nil)
            }
        }
        try await Self.gateway { gateway in
            let old = try await Self.get(gateway, version: "1.0")
            #expect(old.text == Self.text && old["content-encoding"] == nil)
            let stream = try await Self.get(gateway, "/stream")
            #expect(stream.text == Self.text && stream["content-encoding"] == nil)
        }
    }

    @Test("A client that has the compressed answer is told so with the tag that it knows")
    func notModified() async throws {
        try await Self.gateway(head: "ETag: \"v1\"\r\n", framing: "X-A: b\r\n", body: "", status: "304 X") { gateway in
            let packed = try await Self.get(gateway, fields: "If-None-Match: \"v0\", W/\"v1\"\r\n")
            #expect(packed.status == 304 && packed.all("etag") == ["W/\"v1\""] && packed["vary"] == "Accept-Encoding")
            #expect(packed["content-encoding"] == nil)
            // What it has may never have been compressed.
            let whole = try await Self.get(gateway, fields: "If-None-Match: \"v1\"\r\n")
            #expect(whole.status == 304 && whole.all("etag") == ["\"v1\""] && whole["vary"] == "Accept-Encoding")
            #expect(try await Self.get(gateway, encoding: "identity").all("etag") == ["\"v1\""])
        }
    }

    @Test("What a service has sent arrives before it sends more")
    func streaming() async throws {
        let (received, receive) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/packed") else { return }
            try await connection.send(
                "HTTP/1.1 200 OK\r\n\(json)Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            for await _ in received { break }
            try await connection.send("6\r\nsecond\r\n0\r\n\r\n")
            _ = try await connection.read()
        } _: { server in
            try await TestGateway.with(Self.file(server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /packed HTTP/1.1\r\nHost: lms\r\nAccept-Encoding: gzip\r\n\r\n")
                    let head = RawMessage(head: try await connection.read(through: "\r\n\r\n"))
                    #expect(head["content-encoding"] == "gzip")
                    let inflater = try GzipInflater()
                    var text = ""
                    while text != "first" { text += try await Self.chunk(&connection, inflater) }
                    receive.finish()
                    while !inflater.isFinished { text += try await Self.chunk(&connection, inflater) }
                    #expect(text == "firstsecond")
                    #expect(try await connection.read(through: "\r\n\r\n") == "0\r\n\r\n")
                }
            }
        }
    }

    /// What the next chunk stands for.
    private static func chunk(_ connection: inout RawConnection, _ inflater: GzipInflater) async throws -> String {
        let line = try await connection.read(through: "\r\n")
        var bytes = try await connection.read(count: try #require(Int(line.prefix(while: \.isHexDigit), radix: 16)))
        _ = try await connection.read(through: "\r\n")
        return String(buffer: try inflater.inflate(&bytes, upTo: 1 << 16))
    }

    @Test("An answer that its service breaks off is not made a whole one")
    func broken() async throws {
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/packed") else { return }
            try await connection.send("HTTP/1.1 200 OK\r\n\(json)Content-Length: 5000\r\n\r\nhalf")
        } _: { server in
            try await TestGateway.with(Self.file(server.port).load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /packed HTTP/1.1\r\nHost: lms\r\nAccept-Encoding: gzip\r\n\r\n")
                    var bytes = ByteBuffer()
                    while let more = try await connection.read() { bytes.writeImmutableBuffer(more) }
                    #expect(String(buffer: bytes).hasPrefix("HTTP/1.1 200"))
                    #expect(String(buffer: bytes).contains("Content-Encoding: gzip"))
                    #expect(!bytes.readableBytesView.suffix(5).elementsEqual("0\r\n\r\n".utf8))
                }
            }
        }
    }

    @Test("An answer that ends with its service's connection is not whole when that is reset")
    func reset() async throws {
        let gate = Gate()
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/packed") else { return }
            try await connection.send("HTTP/1.1 200 OK\r\n\(json)\r\nhalf")
            try await gate.pass()
            try await connection.reset()
        } _: { server in
            try await TestGateway.with(Self.file(server.port).load()) { gateway in
                try await gateway.connect { connection in
                    #expect(try await Self.encoding(&connection) == "gzip")
                    gate.open()
                    var bytes = ByteBuffer()
                    while let more = try await connection.read() { bytes.writeImmutableBuffer(more) }
                    #expect(!bytes.readableBytesView.suffix(5).elementsEqual("0\r\n\r\n".utf8))
                }
            }
        }
    }

    @Test("An event loop compresses so many answers at a time, also after clients have gone; one more passes as it is")
    func bound() async throws {
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            guard try await connection.message().startLine.contains("/packed") else { return }
            try await connection.send("HTTP/1.1 200 OK\r\n\(json)Content-Length: 5000\r\n\r\nhalf")
            defer { end.yield() }
            // Until the client is gone.
            _ = try await connection.read()
        } _: { server in
            try await TestGateway.with(Self.file(server.port).load(), group: loops) { gateway in
                try await withThrowingTaskGroup(of: Void.self) { clients in
                    let (held, hold) = AsyncStream.makeStream(of: Void.self)
                    for _ in 0..<ClientConnection.compressionLimit {
                        clients.addTask {
                            try await gateway.connect { connection in
                                #expect(try await Self.encoding(&connection) == "gzip")
                                hold.yield()
                                // Until the test has seen enough.
                                while try await connection.read() != nil {}
                            }
                        }
                    }
                    var open = 0
                    for await _ in held {
                        open += 1
                        if open == ClientConnection.compressionLimit { break }
                    }
                    let more = try await gateway.connect { try await Self.encoding(&$0) }
                    #expect(more == nil)
                    clients.cancelAll()
                    while let result = await clients.nextResult() { _ = result }
                }
                var gone = 0
                for await _ in ended {
                    gone += 1
                    if gone == ClientConnection.compressionLimit { break }
                }
                try await eventually {
                    try await gateway.connect { try await Self.encoding(&$0) == "gzip" }
                }
            }
        }
        try await loops.shutdownGracefully()
    }

    /// The coding of an answer that does not end by itself.
    private static func encoding(_ connection: inout RawConnection) async throws -> String? {
        try await connection.send("GET /packed HTTP/1.1\r\nHost: lms\r\nAccept-Encoding: gzip\r\n\r\n")
        return RawMessage(head: try await connection.read(through: "\r\n\r\n"))["content-encoding"]
    }
}
