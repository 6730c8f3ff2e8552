import TestKit
import Testing

@testable import Gateway

/// Requests that a careless reader would divide otherwise (RFC 9112 §11.2), byte by byte.
@Suite("Request smuggling")
struct SmugglingTests {
    private static let hidden = "GET /items/hidden HTTP/1.1\r\nHost: lms\r\n\r\n"

    private static let transferEncodings = [
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\ntransfer-encoding: x",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunkedx", "Transfer-Encoding: chunked,", "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: 'chunked'", "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding:", "Transfer-Encoding: identity", "Transfer-Encoding: chun\u{0}ked",
        "Transfer-Encoding: chunked\u{0}", "Transfer-Encoding:\u{b}chunked", "Transfer-Encoding: \u{c}chunked",
        "Transfer-Encoding: ch\u{16b}nked", "Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked",
        "Transfer-Encoding\u{0}: chunked", "Transfer-Encoding:\r\n chunked", "Transfer-Encoding: chunked\r",
        " Transfer-Encoding: chunked", "\tTransfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked",
        "X: y\rTransfer-Encoding: chunked", "X: y\r\r\nTransfer-Encoding: chunked", "\rTransfer-Encoding: chunked",
    ]

    private static let contentLengths = [
        "Content-Length: 6\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 6",
        "Content-Length: 6\r\nContent-Length: 7", "Content-Length: 6\r\nContent-Length: 6", "Content-Length: 6, 6",
        "Content-Length: 6 6", "Content-Length: +6", "Content-Length: -6", "Content-Length: 0x6", "Content-Length: 6;",
        "Content-Length: 6.0", "Content-Length: 1e1", "Content-Length:", "Content-Length: \"6\"",
        "Content-Length: 18446744073709551622", "Content-Length: \u{666}", "Content-Length: 6\u{0}",
        "Content-Length : 6", "Content-Length\t: 6", "Content-Length\u{0}: 6", "Content-Length: 6\r\n 7",
        "Content-Length:\r\n 6", "X: y\nContent-Length: 6", "X: y\rContent-Length: 6",
    ]

    private static let fields = [
        "X: a\u{0}b", "X\u{0}: a", "X: a\u{7f}", "X: a\u{1b}", "X y: z", "X", ": y", "(X): y", "X: y\r\n\tz", "X@: y",
    ]

    @Test(
        "A head whose framing or fields can be read in two ways is 400, and no service gets a byte of it",
        arguments: transferEncodings + contentLengths + fields)
    func ambiguousFields(fields: String) async throws {
        let head = "POST /items/1 HTTP/1.1\r\nHost: lms\r\n\(fields)\r\n\r\n"
        try await expectRefusal(of: head + "0\r\n\r\n", status: 400)
    }

    @Test(
        "A request line or a host that can be read in two ways is refused, and no service gets a byte of it",
        arguments: [
            ("GET /items/1 HTTP/1.1\r\n", 400), ("GET /items/1 HTTP/1.1\r\nHost: lms\r\nHost: lms\r\n", 400),
            ("GET /items/1 HTTP/1.1\r\nHost: lms\r\nHost: other\r\n", 400), ("GET /items/1 HTTP/1.1\r\nHost:\r\n", 400),
            ("GET /items/1 HTTP/1.1\r\nHost: me@lms\r\n", 400), ("GET /items/1 HTTP/1.1\r\nHost: lms/x\r\n", 400),
            ("GET /items/1 HTTP/1.1\r\nHost: lms other\r\n", 400), ("GET /items/1 HTTP/1.1\r\n Host: lms\r\n", 400),
            ("GET http://other/items/1 HTTP/1.1\r\nHost: lms\r\n", 400),
            ("GET http://lms:81/items/1 HTTP/1.1\r\nHost: lms\r\n", 400),
            ("GET http://me@lms/items/1 HTTP/1.1\r\nHost: lms\r\n", 400),
            ("GET http://me@lms/items/1 HTTP/1.1\r\nHost: me@lms\r\n", 400),
            ("GET http:///items/1 HTTP/1.1\r\nHost: lms\r\n", 400),
            ("GET ftp://lms/items/1 HTTP/1.1\r\nHost: lms\r\n", 400),
            ("GET items/1 HTTP/1.1\r\nHost: lms\r\n", 400), ("GET * HTTP/1.1\r\nHost: lms\r\n", 400),
            ("CONNECT lms:80 HTTP/1.1\r\nHost: lms\r\n", 400), ("GET  /items/1 HTTP/1.1\r\nHost: lms\r\n", 400),
            (" GET /items/1 HTTP/1.1\r\nHost: lms\r\n", 400), ("\tGET /items/1 HTTP/1.1\r\nHost: lms\r\n", 400),
            (" \r\nGET /items/1 HTTP/1.1\r\nHost: lms\r\n", 400), ("\nGET /items/1 HTTP/1.1\r\nHost: lms\r\n", 400),
            ("GET\t/items/1\tHTTP/1.1\r\nHost: lms\r\n", 400), ("GET /items/1 HTTP/1.1 \r\nHost: lms\r\n", 400),
            ("GET /items/1 x HTTP/1.1\r\nHost: lms\r\n", 400), ("G(T /items/1 HTTP/1.1\r\nHost: lms\r\n", 400),
            ("GET /items/\u{0} HTTP/1.1\r\nHost: lms\r\n", 400), ("GET /items/1?\u{0} HTTP/1.1\r\nHost: lms\r\n", 400),
            ("GET /items/1\r HTTP/1.1\r\nHost: lms\r\n", 400), ("GET /items/1#x HTTP/1.1\r\nHost: lms\r\n", 400),
            ("GET /items/1\r\n", 400), ("GET /items/1 http/1.1\r\nHost: lms\r\n", 400),
            ("GET /items/1 HTTP/1.10\r\nHost: lms\r\n", 400), ("GET /items/1 HTTP/0.9\r\nHost: lms\r\n", 505),
            ("GET /items/1 HTTP/1.2\r\nHost: lms\r\n", 505), ("GET /items/1 HTTP/2.0\r\nHost: lms\r\n", 505),
            ("POST /items/1 HTTP/1.0\r\nHost: lms\r\nTransfer-Encoding: chunked\r\n", 400),
        ])
    func ambiguousTarget(head: String, status: Int) async throws {
        try await expectRefusal(of: head + "\r\n", status: status)
    }

    @Test(
        "Chunks that can be read in two ways are 400, and what stands behind them reaches no service",
        arguments: [
            "0x5\r\nhello\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n", "\t5\r\nhello\r\n", "+5\r\nhello\r\n",
            "-5\r\nhello\r\n",
            "g\r\n", "\r\n", ";x\r\n", "5\nhello\r\n", "5\rhello\r\n", "5\r\rhello\r\n", "5,5\r\nhello\r\n",
            "10000000000000005\r\nhello\r\n", "fffffffffffffffb\r\nhello\r\n", "0000000000000005\r\nhello\r\n",
            "5;\u{0}\r\nhello\r\n", "5;a\nb\r\nhello\r\n", "5;a\rb\r\nhello\r\n",
            "5;" + String(repeating: "a", count: 5000) + "\r\nhello\r\n", "3\r\nhello\r\n", "7\r\nhello\r\n",
            "5\r\nhello",
            "5\r\nhello\n", "5\r\nhello\r", "5\r\nhello\n\r", "0\r\nContent-Length: 5\r\n",
            "0\r\nTransfer-Encoding: chunked\r\n",
            "0\r\nHost: other\r\n", "0\r\nAuthorization: Bearer x\r\n", "0\r\nX: y\r\n", "0\r\n\n", "0\r\n\r\r\n",
            "0\n\n",
        ])
    func ambiguousChunks(chunks: String) async throws {
        try await RecordingService.with { gateway, service in
            try await gateway.connect { connection in
                try await connection.send(
                    "POST /items/1 HTTP/1.1\r\nHost: lms\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n\(Self.hidden)"
                )
                try await expectOnlyAnswer(400, on: &connection)
            }
            // The head may have been sent on before the chunks came; nothing can follow on that connection.
            try await eventually { service.hasEnded }
            let last = try await gateway.get("/items/last")
            #expect(last.status == 200)
            #expect(!service.received.contains { $0.contains("hidden") })
        }
    }

    @Test("A chunk that announces more than the route takes is measured by what comes")
    func hugeChunk() async throws {
        try await RecordingService.with { gateway, service in
            try await gateway.connect { connection in
                try await connection.send("PUT /short HTTP/1.1\r\nHost: lms\r\nTransfer-Encoding: chunked\r\n\r\n")
                try await connection.send("fffffffffffffff\r\n" + String(repeating: Self.hidden, count: 4))
                #expect(try await connection.message().status == 413)
            }
            try await eventually { service.hasEnded }
            #expect(service.received.allSatisfy { $0.hasPrefix("PUT /short ") && $0.utf8.count < 1000 })
        }
    }

    private func expectRefusal(of request: String, status: Int) async throws {
        try await RecordingService.with { gateway, service in
            try await gateway.connect { connection in
                try await connection.send(request + Self.hidden)
                try await expectOnlyAnswer(status, on: &connection)
            }
            // What had been sent on would have arrived before this.
            let last = try await gateway.get("/items/last")
            #expect(last.status == 200)
            #expect(service.received.count == 1)
            #expect(service.received.first?.hasPrefix("GET /items/last HTTP/1.1\r\n") == true, "\(service.received)")
        }
    }

    /// The one answer says that the connection ends with it, and it does.
    private func expectOnlyAnswer(_ status: Int, on connection: inout RawConnection) async throws {
        let answer = try await connection.message()
        #expect(answer.status == status)
        #expect(answer["connection"] == "close")
        #expect(try await connection.read() == nil)
    }
}
