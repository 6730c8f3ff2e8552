import TestKit
import Testing

@testable import Gateway

/// Requests that are unusual and have one meaning: what a service makes of them, and that the next is told from them.
@Suite("Unusual requests")
struct RequestFidelityTests {
    private static let hidden = "GET /items/hidden HTTP/1.1\r\nHost: lms\r\n\r\n"

    struct Case: Sendable, CustomTestStringConvertible {
        var request: String
        var line = "POST /items/1 HTTP/1.1"
        /// Values of fields as the service has them.
        var has: [String: String] = [:]
        var lacks: [String] = []
        /// Everything behind the head.
        var body = ""

        var testDescription: String { request.debugDescription }
    }

    @Test(
        "A service gets one request with the meaning that the client's had",
        arguments: [
            Case(
                request:
                    "POST /items/1 HTTP/1.1\r\nHost: lms\r\nTRANSFER-ENCODING: ChUnKeD\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                has: ["transfer-encoding": "chunked"], body: "5\r\nhello\r\n0\r\n\r\n"),
            Case(
                request: "POST /items/1 HTTP/1.1\r\nHost: lms\r\nTransfer-Encoding:\tchunked \r\n\r\n0\r\n\r\n",
                has: ["transfer-encoding": "chunked"], body: "0\r\n\r\n"),
            Case(
                request: "POST /items/1 HTTP/1.1\r\nHost: lms\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "00A;name=\"value\"\r\n0\r\n\r\nhello\r\n0;last\r\n\r\n",
                has: ["transfer-encoding": "chunked"], body: "00A;name=\"value\"\r\n0\r\n\r\nhello\r\n0;last\r\n\r\n"),
            Case(
                request: "POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length:   5\t\r\n\r\nhello",
                has: ["content-length": "5"], body: "hello"),
            Case(
                request:
                    "POST /items/1 HTTP/1.1\r\nHost: lms\r\nTransfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
                has: ["content-length": "5"], lacks: ["transfer-encoding"], body: "0\r\n\r\n"),
            Case(
                request: "GET /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: \(hidden.utf8.count)\r\n\r\n\(hidden)",
                line: "GET /items/1 HTTP/1.1", has: ["content-length": "\(hidden.utf8.count)"], body: hidden),
            Case(
                request:
                    "POST /items/1 HTTP/1.1\r\nHost: lms\r\nAuthorization: Bearer x\r\nCookie: a=b\r\nX-API-Key: k\r\n"
                    + "Idempotency-Key: i\r\nX-Secret: s\r\nContent-Length: 5\r\nConnection: content-length, host, Cookie, "
                    + "authorization, x-api-key, idempotency-key, x-forwarded-for, x-request-id, X-Secret\r\n\r\nhello",
                has: [
                    "host": "lms", "content-length": "5", "authorization": "Bearer x", "cookie": "a=b",
                    "x-api-key": "k",
                    "idempotency-key": "i", "x-forwarded-for": "127.0.0.1",
                ], lacks: ["x-secret", "connection"], body: "hello"),
            Case(
                request:
                    "POST /items/1 HTTP/1.1\r\nHost: lms\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n"
                    + "\r\n0\r\n\r\n", has: ["transfer-encoding": "chunked"], lacks: ["connection"], body: "0\r\n\r\n"),
            Case(
                request: "GET /items/1 HTTP/1.1\r\nHost: lms\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                    + "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nTE: trailers\r\nProxy-Connection: x\r\nKeep-Alive: 5\r\n\r\n",
                line: "GET /items/1 HTTP/1.1",
                lacks: ["connection", "upgrade", "http2-settings", "te", "proxy-connection", "keep-alive"]),
            Case(
                request: "GET http://lms/items/1?a HTTP/1.1\r\nHost: LMS\r\n\r\n", line: "GET /items/1?a HTTP/1.1",
                has: ["host": "LMS", "x-forwarded-host": "LMS"]),
            Case(
                request: "GET /items/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", line: "GET /items/1 HTTP/1.1",
                has: ["host": ""]),
            Case(
                request: "\r\n\r\nGET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n", line: "GET /items/1 HTTP/1.1",
                has: ["host": "lms"]),
            Case(
                request: "GET /items/1 HTTP/1.1\r\nHost: lms\r\nX: \u{e9}\u{e8}\r\n\r\n", line: "GET /items/1 HTTP/1.1",
                has: ["x": "\u{e9}\u{e8}"]),
        ])
    func meaning(_ expected: Case) async throws {
        try await RecordingService.with { gateway, service in
            try await gateway.connect { connection in
                try await connection.send(expected.request + "GET /items/next HTTP/1.1\r\nHost: lms\r\n\r\n")
                let (head, body) = try Self.parts(try await connection.message().text)
                #expect(head.startLine == expected.line)
                for (name, value) in expected.has { #expect(head.all(name) == [value], "\(name)") }
                for name in expected.lacks { #expect(head.all(name).isEmpty, "\(name)") }
                #expect(body == expected.body)

                let (next, rest) = try Self.parts(try await connection.message().text)
                #expect(next.startLine == "GET /items/next HTTP/1.1")
                #expect(rest.isEmpty)
            }
            #expect(service.received.count == 1, "One connection served both.")
        }
    }

    /// The head and what followed it of a request that the service sent back.
    private static func parts(_ text: String) throws -> (head: RawMessage, body: String) {
        let end = try #require(text.range(of: "\r\n\r\n"))
        return (RawMessage(head: String(text[..<end.lowerBound])), String(text[end.upperBound...]))
    }
}
