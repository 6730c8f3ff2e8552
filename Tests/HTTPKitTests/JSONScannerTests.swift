import NIOCore
import Testing

@testable import HTTPKit

@Suite struct JSONScannerTests {
    private func scan(_ text: String) -> JSONScanner.Verdict {
        JSONScanner.scan(ByteBuffer(string: text), maximumDepth: 4)
    }

    @Test(arguments: [
        "{}", "[]", " [ ] ", "null", "true", "false", "0", "-0.5e+10", "1E9", "\"\"", #""\"\\\/\b\u00Ff""#, "\"µ🔬\"",
        #"{"a": [1, {"b": []}], "c": null}"#, "[[[[]]]]", "\t[1,\n2]\r",
    ])
    func jsonIsJSON(text: String) {
        #expect(scan(text) == .valid)
    }

    @Test(arguments: [
        ("", 0), ("{", 1), ("[1,]", 3), ("[1", 2), ("{\"a\"}", 4), ("{\"a\":}", 5), ("{a:1}", 1), ("{\"a\":1,}", 7),
        ("01", 1), ("1.", 2), ("-", 1), ("1e", 2), ("+1", 0), (".5", 0), ("nul", 0), ("True", 0), ("[] []", 3),
        ("\"a", 2), ("\"\n\"", 1), (#""\x""#, 3), (#""\u12g4""#, 5), ("]", 0), ("[}", 1), ("{]", 1), ("NaN", 0),
    ])
    func whatIsNoJSONSaysWhere(text: String, offset: Int) {
        #expect(scan(text) == .malformed(at: offset))
    }

    @Test func depthIsBounded() {
        #expect(scan("[[[[[]]]]]") == .tooDeep)
        #expect(scan(#"{"a":{"a":{"a":{"a":{"a":1}}}}}"#) == .tooDeep)
        #expect(scan("[[],[],[],[],[],[]]") == .valid)
    }

    @Test(arguments: [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]] as [[UInt8]])
    func textIsUTF8(bytes: [UInt8]) {
        #expect(JSONScanner.scan(ByteBuffer(bytes: [0x22] + bytes + [0x22]), maximumDepth: 4) == .notUTF8)
    }

    @Test func cutOffAnywhereItIsNotJSON() {
        let text = Array(#"{"a": [1.5e3, true, null, "µ\u00e9"], "b": {"c": false}}"#.utf8)
        for length in 0..<text.count {
            #expect(JSONScanner.scan(ByteBuffer(bytes: text.prefix(length)), maximumDepth: 4) != .valid)
        }
    }
}
