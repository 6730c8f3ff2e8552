import Foundation
import HTTPWire
import Identity
import NIOCore
import Testing

@testable import HTTPKit

/// What is made of a head that direct routes get.
struct DirectHeadTests {
    private static let id = UUID()
    private static let path = DirectPath("/a/{id}/b")

    /// Nil for an unusual head.
    private func head(_ line: String = "POST /a/b", _ fields: String = "Content-Length: 3\r\n") throws -> DirectHead? {
        let bytes = ByteBuffer(string: "\(line) HTTP/1.1\r\nHost: lms\r\n\(fields)\r\n")
        var parser = RequestParser(limits: HeadLimits(), strictness: .framing)
        var head = RequestHead()
        #expect(try parser.parse(bytes.readableBytesUInt8Span, into: &head) == bytes.readableBytes)
        return DirectHead(head, of: bytes)
    }

    @Test(arguments: [
        ("POST /a", "Content-Length: 65536\r\n"), ("POST /a?b", "content-length: 1\r\nconnection: Keep-Alive\r\n"),
        ("POST /a", "Content-Length: 1\r\nContent-Type: Application/JSON; charset=utf-8\r\nAccept: application/*\r\n"),
        ("GET /a", ""), ("GET /a", "Accept: text/html, */*\r\nAccept-Encoding: gzip\r\nCookie: a=b\r\n"),
    ])
    func `a usual head is taken`(line: String, fields: String) throws {
        #expect(try head(line, fields) != nil)
    }

    @Test(arguments: [
        ("POST /a", ""), ("POST /a", "Content-Length: 0\r\n"), ("POST /a", "Content-Length: 65537\r\n"),
        ("POST /a", "Transfer-Encoding: chunked\r\n"), ("PUT /a", "Content-Length: 1\r\n"), ("HEAD /a", ""),
        ("GET /a", "Content-Length: 1\r\n"), ("GET /a", "Content-Length: 0\r\n"), ("GET /a", "Expect: a\r\n"),
        ("GET /a", "Connection: close\r\n"), ("GET /a", "Connection: x\r\n"), ("GET /a", "Upgrade: h2c\r\n"),
        ("GET /a", "Accept: text/html\r\n"), ("GET /a", "Accept: */*\r\nAccept: text/html\r\n"),
        ("POST /a", "Content-Length: 1\r\nContent-Type: text/csv\r\n"),
        ("POST /a", "Content-Length: 1\r\nContent-Encoding: gzip\r\n"),
        ("GET /a", "Content-Type: application/json\r\nContent-Type: application/json\r\n"),
        ("GET /a", "X-API-Key: a\r\nX-API-Key: a\r\n"), ("GET /a", "X-Request-ID: a\r\nX-Request-ID: a\r\n"),
        ("GET /a", "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: https\r\n"),
    ])
    func `an unusual one is left to the routes`(line: String, fields: String) throws {
        #expect(try head(line, fields) == nil)
    }

    @Test func `its values are found`() throws {
        let head = try #require(
            try head(
                "GET /a/b?c=d?e", "X-Forwarded-Proto: HTTPS\r\nx-request-id: id-1\r\nX-Any: thing\r\nx-any: other\r\n"))
        #expect(head.method == .get && head.path == "/a/b" && head.query == "c=d?e" && head.hasQuery)
        #expect(head.isSecure && head.requestID == "id-1")
        #expect(head["x-any"] == "thing" && head["X-Other"] == nil)
    }

    @Test func `a request id that is not fit to be passed on is none`() throws {
        #expect(try #require(try head("GET /", "X-Request-ID: a b\r\n")).requestID == nil)
        #expect(try #require(try head("GET /", "X-Request-ID:\r\n")).requestID == nil)
        let long = String(repeating: "a", count: 129)
        #expect(try #require(try head("GET /", "X-Request-ID: \(long)\r\n")).requestID == nil)
    }

    @Test func `an id stands in the path between what is fixed`() throws {
        #expect(try head("POST /a/\(Self.id)/b").flatMap(Self.path.id) == Self.id)
        #expect(try head("POST /a/\(Self.id.uuidString.lowercased())/b?c").flatMap(Self.path.id) == Self.id)
        for path in ["/a/\(Self.id)/b/", "/a/\(Self.id)/c", "/b/\(Self.id)/b", "/a/\(Self.id)", "/a//b", "/", "/a/x/b"]
        {
            #expect(try head("POST \(path)").flatMap(Self.path.id) == nil)
        }
    }

    @Test func `credentials are those of the fields`() throws {
        let head = try #require(
            try head("GET /", "Authorization: Bearer a\r\nX-API-Key: b\r\nCookie: x=y; session_token=c\r\n"))
        let credentials = Credentials(of: head)
        #expect(credentials.authorization == "Bearer a" && credentials.apiKey == "b")
        #expect(credentials.sessionCookie == "c")
        let none = Credentials(of: try #require(try self.head("GET /", "")))
        #expect(none.authorization == nil && none.apiKey == nil && none.sessionCookie == nil)
    }
}
