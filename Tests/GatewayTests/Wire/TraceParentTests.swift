import NIOCore
import Testing

@testable import Gateway

@Suite("Trace contexts")
struct TraceParentTests {
    private static let trace = String(repeating: "a", count: 31) + "1"
    private static let span = "00f067aa0ba902b7"

    private func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return TraceParent.isValid(bytes.span, 0..<bytes.count)
    }

    @Test(
        "A valid one is passed on, also of a version to come",
        arguments: ["00-\(trace)-\(span)-01", "00-\(trace)-\(span)-00", "cc-\(trace)-\(span)-01-what-will-be"])
    func valid(text: String) {
        #expect(isValid(text))
    }

    @Test(
        "Anything else is replaced",
        arguments: [
            "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-0", "00-\(trace)-\(span)-01-more",
            "ff-\(trace)-\(span)-01", "00-\(trace.uppercased())-\(span)-01", "cc-\(trace)-\(span)-01.more",
            "00-\(String(repeating: "0", count: 32))-\(span)-01", "00-\(trace)-0000000000000000-01",
            "00_\(trace)-\(span)-01", "cc-\(trace)-\(span)-01-\(String(repeating: "x", count: 100))",
            "cc-\(trace)-\(span)-01-\"quoted\"",
        ])
    func invalid(text: String) {
        #expect(!isValid(text))
    }

    @Test("One that is made is valid, and another each time")
    func made() {
        var ids = RequestIDs()
        var seen: Set<String> = []
        for _ in 0..<100 {
            var buffer = ByteBuffer()
            ids.writeTraceparent(into: &buffer)
            let text = String(buffer: buffer)
            #expect(isValid(text) && text.hasPrefix("00-") && text.hasSuffix("-01"))
            seen.insert(text)
        }
        #expect(seen.count == 100)
    }
}
