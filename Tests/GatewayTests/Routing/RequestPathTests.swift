import HTTPWire
import NIOCore
import Testing

@testable import Gateway

@Suite("Request paths")
struct RequestPathTests {
    private func check(_ path: String) throws -> RequestPath.Form {
        let bytes = Array(path.utf8)
        return try RequestPath.check(bytes.span, 0..<bytes.count)
    }

    @Test(
        "A path with one meaning is taken",
        arguments: [
            "/", "/a", "/a/", "/a/b.c", "/a/...", "/.well-known/x", "/a/b;c=d/e@f:g", "/naïve",
        ])
    func plain(path: String) throws {
        #expect(try check(path) == .plain)
    }

    @Test(
        "Escapes are taken out once",
        arguments: [
            ("/a%20b", "/a b"), ("/%61dmin", "/admin"), ("/a%252e%252e", "/a%2e%2e"), ("/%C3%A9", "/é"),
            ("/a%2Eb", "/a.b"),
        ])
    func decoded(path: String, decoded: String) throws {
        #expect(try check(path) == .decoded(Array(decoded.utf8)))
    }

    @Test(
        "What could be another path is refused",
        arguments: [
            "//", "//a", "/a//b", "/a//", "/.", "/..", "/a/../b", "/a/./b", "/a/..", "/%2e%2e/b", "/a/%2e%2E/b",
            "/a/.%2e/b",
            "/a/%2e", "/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b", "/a%00", "/a%0d%0ab", "/a%7f", "/a%", "/a%1", "/a%zz",
            "/a b",
            "/a\u{7f}", "/a\"b", "/a<b", "/a{b}", "/a%5C..%5Cb",
        ])
    func ambiguous(path: String) {
        #expect(throws: MessageError.self) { try check(path) }
    }

    @Test(
        "Credentials in a path are not shown",
        arguments: [
            ("/api/v1/lms_dev_abc/telemetry", UInt32(0), "/api/v1/[redacted]/telemetry"),
            ("/invitations/s3cret", 0b10, "/invitations/[redacted]"), ("/a/b/", 0, "/a/b/"), ("/", 0, "/"),
            ("/x/LMS_PAT_a", 0, "/x/[redacted]"),
        ])
    func redaction(path: String, secrets: UInt32, shown: String) {
        let bytes = Array(path.utf8)
        var buffer = ByteBuffer()
        LoggedPath.write(bytes.span, 0..<bytes.count, secrets: secrets, into: &buffer)
        #expect(String(buffer: buffer) == shown)
    }
}
