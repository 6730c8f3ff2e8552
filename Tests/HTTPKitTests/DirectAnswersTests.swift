import HTTPWire
import Logging
import NIOCore
import ServiceKit
import TestKit
import Testing

@testable import HTTPKit

/// Answers of direct routes as they go over the connection.
struct DirectAnswersTests {
    private func message(_ fields: String = "", isLast: Bool) throws -> RawMessage {
        let bytes = ByteBuffer(string: "GET /a HTTP/1.1\r\nX-Request-ID: id-1\r\n\(fields)\r\n")
        var parser = RequestParser(limits: HeadLimits(), strictness: .framing)
        var head = RequestHead()
        _ = try parser.parse(bytes.readableBytesUInt8Span, into: &head)
        let origin = DirectAnswers.Origin(try #require(DirectHead(head, of: bytes)))
        let answers = DirectAnswers(
            metrics: RequestMetrics(PrometheusRegistry()),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let answer = DirectAnswer(.ok, json: ByteBuffer(string: "{}"))
        var written = ByteBuffer()
        answers.write(.success(answer), to: origin, route: "/a", isLast: isLast, into: &written)
        let text = String(buffer: written)
        #expect(text.hasSuffix("\r\n\r\n{}"))
        return RawMessage(head: String(text.dropLast(2)))
    }

    @Test func `each field stands once`() throws {
        let message = try message(isLast: false)
        #expect(message.startLine == "HTTP/1.1 200 OK")
        #expect(message["content-length"] == "2" && message["x-request-id"] == "id-1")
        #expect(message["content-type"] == "application/json" && message["x-content-type-options"] == "nosniff")
        #expect(message["strict-transport-security"] == nil && message["connection"] == nil)
        #expect(Set(message.fields.map(\.name)).count == message.fields.count)
    }

    @Test func `a browser that came encrypted is to stay so`() throws {
        #expect(try message("X-Forwarded-Proto: https\r\n", isLast: false)["strict-transport-security"] != nil)
        #expect(try message("X-Forwarded-Proto: http\r\n", isLast: false)["strict-transport-security"] == nil)
    }

    @Test func `the last one of a connection says so`() throws {
        #expect(try message(isLast: true)["connection"] == "close")
    }
}
