import HTTPWire
import Testing

@testable import Gateway

@Suite("Whether gzip is taken")
struct AcceptEncodingTests {
    @Test(
        "The name decides, and the star where there is none",
        arguments: [
            ("Accept-Encoding: gzip", true), ("accept-encoding: br, GZIP;q=0.5", true),
            ("Accept-Encoding: x-gzip", true),
            ("Accept-Encoding: gzip;q=0", false), ("Accept-Encoding: gzip ; q=0.000, *", false),
            ("Accept-Encoding: *", true), ("Accept-Encoding: *;q=0", false), ("Accept-Encoding: gzip, *;q=0", true),
            ("Accept-Encoding: br\r\nAccept-Encoding: gzip;q=0.001", true), ("Accept-Encoding: br", false),
            ("Accept-Encoding: gzipped", false), ("Accept-Encoding:", false), ("Accept: gzip", false),
        ])
    func accepts(field: String, expected: Bool) throws {
        let bytes = Array("GET / HTTP/1.1\r\nHost: lms\r\n\(field)\r\n\r\n".utf8)
        var parser = RequestParser(limits: HeadLimits())
        var head = RequestHead()
        _ = try #require(try parser.parse(bytes.span, into: &head))
        #expect(head.acceptsGzip(bytes.span) == expected)
    }
}
