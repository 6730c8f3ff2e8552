import HTTPWire
import Testing

@testable import HTTPKit

/// Services find the session that the gateway limits requests by.
struct SessionCookieTests {
    @Test(arguments: [
        ["session_token=a"], ["x=y; session_token=a; session_token=b"], ["SESSION_TOKEN=b;session_token=a"],
        ["x=y", "\tsession_token=a", "session_token=b"], ["\u{A0}session_token=b; session_token=a"],
        ["session_token =b; session_token=a"], ["session_token=a=\"b\""], ["session_token="], ["x=session_token=a"], [],
    ])
    func `the token is the one that the gateway finds`(fields: [String]) throws {
        let text =
            "GET / HTTP/1.1\r\nHost: lms\r\n" + fields.map { "Cookie: \($0)\r\n" }.joined() + "\r\n"
        let bytes = Array(text.utf8)
        var head = RequestHead()
        var parser = RequestParser(limits: HeadLimits())
        _ = try parser.parse(bytes.span, into: &head)
        let found = head.sessionCookie.map { range in
            String(decoding: bytes[range], as: UTF8.self)
        }
        #expect(SessionCookie.token(in: fields) == found)
    }
}
