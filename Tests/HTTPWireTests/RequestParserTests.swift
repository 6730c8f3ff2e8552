import NIOCore
import Testing

@testable import HTTPWire

/// Parses `text` in one piece.
private func parse(_ text: String, limits: HeadLimits = HeadLimits()) throws -> (head: RequestHead, length: Int?) {
    var parser = RequestParser(limits: limits)
    var head = RequestHead()
    let length = try parser.parse(Array(text.utf8).span, into: &head)
    return (head, length)
}

private let host = "Host: lms\r\n"

@Suite("Request heads")
struct RequestParserTests {
    @Test("A head is read whether its bytes come at once or one by one")
    func incremental() throws {
        let text = "POST /a/b?c=d HTTP/1.1\r\nHost: lms:8080\r\nContent-Length: 5\r\nX-Any: thing\r\n\r\nhello"
        let bytes = Array(text.utf8)
        var parser = RequestParser(limits: HeadLimits())
        var head = RequestHead()
        for count in 1..<(bytes.count - 5) {
            #expect(try parser.parse(bytes.span.extracting(0..<count), into: &head) == nil)
        }
        #expect(try parser.parse(bytes.span, into: &head) == bytes.count - 5)
        #expect(head.method == .post)
        #expect(bytes.span.string(at: head.path) == "/a/b")
        #expect(bytes.span.string(at: head.query) == "?c=d")
        #expect(head.host.map { bytes.span.string(at: $0) } == "lms:8080")
        #expect(head.framing == .length(5))
        #expect(head.fields.count == 3)
        #expect(head.persists)
    }

    @Test("One value reads many heads, and forgets each")
    func reuse() throws {
        var parser = RequestParser(limits: HeadLimits())
        var head = RequestHead()
        let first = Array("POST /a HTTP/1.1\r\n\(host)Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        let second = Array("GET /b HTTP/1.1\r\n\(host)\r\n".utf8)
        _ = try parser.parse(first.span, into: &head)
        #expect(head.framing == .chunked)
        #expect(!head.persists)
        #expect(try parser.parse(second.span, into: &head) == second.count)
        #expect(head.method == .get)
        #expect(head.framing == .none)
        #expect(head.persists)
        #expect(head.fields.count == 1)
    }

    @Test("A request line may follow an empty line", arguments: ["\r\n", "\r\n\r\n"])
    func leadingLines(lines: String) throws {
        let (head, length) = try parse("\(lines)GET / HTTP/1.1\r\n\(host)\r\n")
        #expect(length != nil)
        #expect(head.method == .get)
    }

    @Test(
        "What two readers could understand differently is refused",
        arguments: [
            // Framing (RFC 9112 §6.3, §11.2).
            "POST / HTTP/1.1\r\n\(host)Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Content-Length: 3\r\nContent-Length: 4\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Content-Length: 3\r\nContent-Length: 3\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Content-Length: 3, 3\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Content-Length: +3\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Content-Length: -3\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Content-Length: 0x3\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Content-Length: 3 \r\nContent-Length:\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Content-Length:\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Content-Length: 9999999999999999999\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: xchunked\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: identity\r\n\r\n",
            "POST / HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n",
            // Fields.
            "GET / HTTP/1.1\r\n\(host)Transfer-Encoding : chunked\r\n\r\n",
            "GET / HTTP/1.1\r\n\(host) Folded: line\r\n\r\n",
            "GET / HTTP/1.1\r\n\(host)A: b\r\n c\r\n\r\n",
            "GET / HTTP/1.1\r\n\(host)A: b\r\n\tc\r\n\r\n",
            "GET / HTTP/1.1\r\n\(host)A\r\n\r\n",
            "GET / HTTP/1.1\r\n\(host): b\r\n\r\n",
            "GET / HTTP/1.1\r\n\(host)A(b): c\r\n\r\n",
            "GET / HTTP/1.1\r\n\(host)A: b\u{0}c\r\n\r\n",
            "GET / HTTP/1.1\r\n\(host)A: b\rc\r\n\r\n",
            "GET / HTTP/1.1\r\n\(host)A: b\u{7f}\r\n\r\n",
            "GET / HTTP/1.1\r\n\(host)Authorization: a\r\nAuthorization: b\r\n\r\n",
            // Line ends.
            "GET / HTTP/1.1\n\(host)\r\n",
            "GET / HTTP/1.1\r\nHost: lms\nA: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: lms\r\n\n",
            "GET / HTTP/1.1\nHost: lms\n\n",
            "\nGET / HTTP/1.1\r\n\(host)\r\n",
            // The request line.
            "GET  / HTTP/1.1\r\n\(host)\r\n",
            "GET / HTTP/1.1 \r\n\(host)\r\n",
            " GET / HTTP/1.1\r\n\(host)\r\n",
            "GET /a b HTTP/1.1\r\n\(host)\r\n",
            "GET\t/\tHTTP/1.1\r\n\(host)\r\n",
            "GET /\r\n\(host)\r\n",
            "GET / http/1.1\r\n\(host)\r\n",
            "GET / HTTP/1.1x\r\n\(host)\r\n",
            "GET / HTTP\u{f}1.1\r\n\(host)\r\n",
            "G(T / HTTP/1.1\r\n\(host)\r\n",
            "GET a HTTP/1.1\r\n\(host)\r\n",
            "OPTIONS * HTTP/1.1\r\n\(host)\r\n",
            "CONNECT lms:80 HTTP/1.1\r\n\(host)\r\n",
            "GET /?a\u{1}b HTTP/1.1\r\n\(host)\r\n",
            "GET /?a#b HTTP/1.1\r\n\(host)\r\n",
            // The host.
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost:\r\n\r\n",
            "GET / HTTP/1.1\r\n\(host)\(host)\r\n",
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: lms/x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
            "GET http://other/ HTTP/1.1\r\n\(host)\r\n",
            "\u{16}\u{3}\u{1}\u{2}\u{0}\n",
        ])
    func ambiguous(text: String) {
        let error = #expect(throws: MessageError.self) { try parse(text) }
        guard case .malformed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("Another version is told from what is no HTTP", arguments: ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9"])
    func versions(version: String) {
        #expect(throws: MessageError.unsupportedVersion) { try parse("GET / \(version)\r\n\(host)\r\n") }
    }

    @Test("The expectation of a continue is known, any other refused")
    func expectations() throws {
        let head = try parse("PUT / HTTP/1.1\r\n\(host)Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n").head
        #expect(head.expectsContinue)
        #expect(throws: MessageError.unknownExpectation) {
            try parse("PUT / HTTP/1.1\r\n\(host)Expect: something\r\n\r\n")
        }
    }

    @Test(
        "One who asks for framing alone is told of no unknown host or expectation",
        arguments: ["", "Host:\r\n", "\(host)\(host)", "\(host)Expect: something\r\n"])
    func framing(fields: String) throws {
        let bytes = Array("POST / HTTP/1.1\r\n\(fields)Content-Length: 3\r\n\r\n".utf8)
        var parser = RequestParser(limits: HeadLimits(), strictness: .framing)
        var head = RequestHead()
        #expect(try parser.parse(bytes.span, into: &head) == bytes.count)
        #expect(head.framing == .length(3) && !head.expectsContinue)
        #expect(throws: MessageError.self) {
            try parser.parse(Array("POST / HTTP/1.1\r\n\(host)Content-Length: x\r\n\r\n".utf8).span, into: &head)
        }
    }

    @Test("Sizes are refused one above the limit and taken at it")
    func limits() throws {
        var limits = HeadLimits()
        limits.target = 100
        limits.head = 1000
        limits.fields = 10
        let target = "/" + String(repeating: "a", count: 99)
        #expect(try parse("GET \(target) HTTP/1.1\r\n\(host)\r\n", limits: limits).length != nil)
        #expect(throws: MessageError.targetTooLong) {
            try parse("GET \(target)a HTTP/1.1\r\n\(host)\r\n", limits: limits)
        }
        #expect(throws: MessageError.targetTooLong) {
            try parse("GET /" + String(repeating: "a", count: 200), limits: limits)
        }
        let fields = (1...9).map { "A\($0): b\r\n" }.joined()
        #expect(try parse("GET / HTTP/1.1\r\n\(host)\(fields)\r\n", limits: limits).length != nil)
        #expect(throws: MessageError.headTooLarge) {
            try parse("GET / HTTP/1.1\r\n\(host)\(fields)B: c\r\n\r\n", limits: limits)
        }
        let start = "GET / HTTP/1.1\r\n\(host)A: "
        let value = String(repeating: "v", count: 1000 - 4 - start.utf8.count)
        #expect(try parse(start + value + "\r\n\r\n", limits: limits).length != nil)
        #expect(throws: MessageError.headTooLarge) { try parse(start + value + "v\r\n\r\n", limits: limits) }
        #expect(throws: MessageError.headTooLarge) { try parse(start + value + "vvvvv", limits: limits) }
    }

    @Test(
        "Whether the connection persists follows version and Connection",
        arguments: [
            ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false),
            ("HTTP/1.1", "Connection: Keep-Alive, CLOSE\r\n", false), ("HTTP/1.0", "", false),
            ("HTTP/1.0", "Connection: keep-alive\r\n", true), ("HTTP/1.0", "Connection: keep-alive, close\r\n", false),
        ])
    func persistence(version: String, fields: String, persists: Bool) throws {
        #expect(try parse("GET / \(version)\r\n\(host)\(fields)\r\n").head.persists == persists)
    }

    @Test(
        "Only a whole WebSocket handshake upgrades",
        arguments: [
            ("GET", "Connection: Upgrade\r\nUpgrade: websocket\r\n", true),
            ("GET", "Connection: keep-alive, upgrade\r\nUpgrade: WebSocket\r\n", true),
            ("GET", "Upgrade: websocket\r\n", false), ("GET", "Connection: Upgrade\r\n", false),
            ("GET", "Connection: Upgrade\r\nUpgrade: h2c\r\n", false),
            ("POST", "Connection: Upgrade\r\nUpgrade: websocket\r\n", false),
            ("GET", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\n", false),
        ])
    func upgrade(method: String, fields: String, upgrades: Bool) throws {
        #expect(try parse("\(method) / HTTP/1.1\r\n\(host)\(fields)\r\n").head.upgradesToWebSocket == upgrades)
    }

    @Test(
        "The session is found among other cookies",
        arguments: [
            ("session_token=abc", "abc"), ("a=b; session_token=abc; c=d", "abc"), ("xsession_token=no", nil),
            ("a=session_token", nil), ("SESSION_TOKEN=no; session_token=abc", "abc"), ("Session_Token=no", nil),
            ("session_token=abc; session_token=no", "abc"),
            ("a=b\r\nCookie: session_token=abc\r\nCookie: session_token=no", "abc"),
        ])
    func cookies(cookie: String, token: String?) throws {
        let text = "GET / HTTP/1.1\r\n\(host)Cookie: \(cookie)\r\n\r\n"
        let head = try parse(text).head
        let bytes = Array(text.utf8)
        #expect(head.sessionCookie.map { bytes.span.string(at: $0) } == token)
    }

    @Test("So many names in Connection are taken and no more", arguments: [(16, true), (17, false), (4000, false)])
    func connectionOptions(count: Int, isTaken: Bool) {
        let names = Array(repeating: "a", count: count).joined(separator: ",")
        let text = "GET / HTTP/1.1\r\n\(host)Connection: close, \(names)\r\n\r\n"
        if isTaken {
            #expect(throws: Never.self) { try parse(text) }
        } else {
            #expect(throws: MessageError.headTooLarge) { try parse(text) }
        }
    }

    @Test("An absolute target is taken when it names the host")
    func absoluteTarget() throws {
        let text = "GET HTTP://LMS/a?b HTTP/1.1\r\n\(host)\r\n"
        let bytes = Array(text.utf8)
        let head = try parse(text).head
        #expect(bytes.span.string(at: head.path) == "/a")
        #expect(bytes.span.string(at: head.query) == "?b")
        #expect(try parse("GET http://lms HTTP/1.1\r\n\(host)\r\n").head.path.isEmpty)
    }
}
