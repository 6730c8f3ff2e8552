import HTTPWire
import NIOCore
import TestKit
import Testing

@testable import Gateway

@Suite("Rewritten heads")
struct HeadWriterTests {
    private func forward(_ text: String, upgrade: Bool = false) throws -> RawMessage {
        var parser = RequestParser(limits: HeadLimits())
        var head = RequestHead()
        let bytes = Array(text.utf8)
        _ = try parser.parse(bytes.span, into: &head)
        var out = ByteBuffer()
        head.write(
            into: &out, bytes: bytes.span,
            forwarded: ForwardedFields(try SocketAddress(ipAddress: "10.0.0.1", port: 1), scheme: "https"),
            requestID: ByteBuffer(string: "id-1"), trace: ByteBuffer(string: "00-1-2-01"), upgrade: upgrade)
        return RawMessage(head: String(buffer: out))
    }

    @Test("Fields about the connection go, those about the message stay")
    func hopByHop() throws {
        let message = try forward(
            "POST /a?b HTTP/1.0\r\nHost: lms\r\nConnection: keep-alive, X-Private, content-length\r\nKeep-Alive: 5\r\n"
                + "Accept: */*\r\nX-Private: secret\r\nProxy-Connection: close\r\nTE: trailers\r\nUpgrade: h2c\r\n"
                + "Content-Length: 4\r\nX-Private-Not: stays\r\ntraceparent: 00-3-4-01\r\n\r\n")
        #expect(message.startLine == "POST /a?b HTTP/1.1")
        let names = message.fields.map(\.name)
        #expect(
            names == [
                "host", "accept", "content-length", "x-private-not", "forwarded", "x-forwarded-for",
                "x-forwarded-proto",
                "x-forwarded-host", "x-request-id", "traceparent",
            ])
        #expect(message.all("traceparent") == ["00-1-2-01"])
    }

    @Test("What a client says about itself is not believed")
    func forwarded() throws {
        let message = try forward(
            "GET / HTTP/1.1\r\nHost: lms\r\nX-Forwarded-For: 1.2.3.4\r\nx-forwarded-proto: ftp\r\n"
                + "X-Forwarded-Host: evil\r\nForwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nX-Forwarded-Port: 1\r\n"
                + "X-Request-ID: theirs\r\n\r\n")
        #expect(message.all("x-forwarded-for") == ["10.0.0.1"])
        #expect(message.all("x-forwarded-proto") == ["https"])
        #expect(message.all("x-forwarded-host") == ["lms"])
        #expect(message.all("x-request-id") == ["id-1"])
        #expect(message.all("forwarded") == ["for=10.0.0.1;proto=https"])
        #expect(message["x-real-ip"] == nil)
        #expect(message["x-forwarded-port"] == nil)
    }

    @Test("An upgrade is asked for only where it may happen")
    func upgrade() throws {
        let text = "GET /ws HTTP/1.1\r\nHost: lms\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        #expect(try forward(text)["upgrade"] == nil)
        let message = try forward(text, upgrade: true)
        #expect(message["upgrade"] == "websocket")
        #expect(message["connection"] == "Upgrade")
    }

    @Test("Chunks stay chunks")
    func chunked() throws {
        let message = try forward("POST / HTTP/1.1\r\nHost: lms\r\nTransfer-Encoding: Chunked\r\n\r\n")
        #expect(message.all("transfer-encoding") == ["chunked"])
    }
}
