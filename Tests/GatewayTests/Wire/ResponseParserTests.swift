import HTTPWire
import Testing

@testable import Gateway

@Suite("Response heads")
struct ResponseParserTests {
    private func parse(_ text: String) throws -> (head: ResponseHead, length: Int?) {
        var parser = ResponseParser()
        var head = ResponseHead()
        let length = try parser.parse(Array(text.utf8).span, into: &head)
        return (head, length)
    }

    @Test(
        "A head gives the framing of the body",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, BodyFraming.length(5)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, .none),
            ("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n", false, .chunked),
            ("HTTP/1.1 200 \r\n\r\n", false, .untilClose),
            ("HTTP/1.1 204 No Content\r\n\r\n", false, .none),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, .none),
        ])
    func framing(text: String, toHead: Bool, framing: BodyFraming) throws {
        let (head, length) = try parse(text)
        #expect(length == text.utf8.count)
        #expect(try head.framing(toHead: toHead) == framing)
    }

    @Test(
        "What is no response is refused",
        arguments: [
            "HELLO\r\n", "HTTP/1.1\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 999 Odd\r\n",
            "HTTP/2.0 200 OK\r\n", "HTTP/1.2 200 OK\r\n", "HTTP/1.1 200 OK\n", "HTTP/1.1 200 OK\r\nA b\r\n",
            "HTTP/1.1 200 \u{1}\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n",
        ])
    func malformed(text: String) {
        #expect(throws: MessageError.self) { try parse(text) }
    }

    @Test("Both framing fields in a response are refused")
    func conflict() throws {
        let head = try parse("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n").head
        #expect(throws: MessageError.self) { try head.framing(toHead: false) }
    }
}
