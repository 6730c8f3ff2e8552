import Foundation
import Testing

@testable import ReadingsService

struct NumberScannerTests {
    @Test(arguments: [
        "0", "-0", "1", "-1.5", "21.53", "1e3", "1E-3", "1.7976931348623157e308", "5e-324", "0.1", "123456789012345678",
        "3.141592653589793238462643383279", "9007199254740993", "1e22", "1e23", "2.2250738585072011e-308",
        // 2 to the 64th, and an exponent that is small for all its digits.
        "1e18446744073709551616", "1e-18446744073709551616", "1e00000000000000000000003",
    ])
    func `a number is read as the standard library reads it`(text: String) throws {
        #expect(scan(text)?.bitPattern == Double(text)?.bitPattern)
    }

    @Test func `random numbers are correctly rounded`() {
        for _ in 0..<20_000 {
            let value = Double(bitPattern: .random(in: .min ... .max))
            guard value.isFinite else { continue }
            #expect(scan("\(value)")?.bitPattern == value.bitPattern)
            let short = (value.truncatingRemainder(dividingBy: 1000) * 100).rounded() / 100
            #expect(scan("\(short)")?.bitPattern == short.bitPattern)
        }
    }

    @Test(arguments: ["", "-", "01", "1.", ".5", "1e", "1e+", "+1", "NaN", "0x1"])
    func `what is no JSON number is refused`(text: String) {
        #expect(scan(text) == nil)
    }

    /// The whole text as a number.
    private func scan(_ text: String) -> Double? {
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            var scanner = NumberScanner(bytes: bytes, position: 0)
            let value = scanner.scan()
            return scanner.position == bytes.count ? value : nil
        }
    }
}

struct JSONScannerTests {
    @Test(arguments: [
        (#""plain""#, "plain"), (#""a\"b\\c\/d\b\f\n\r\t""#, "a\"b\\c/d\u{8}\u{c}\n\r\t"), (#""\u00e9\u4e2d""#, "é中"),
        (#""\ud83d\ude00""#, "😀"), ("\"naïve\"", "naïve"), (#""""#, ""),
    ])
    func `a string is read with its escapes`(json: String, text: String) throws {
        #expect(try withScanner(json) { try $0.string() } == text)
    }

    @Test(arguments: [
        #"""#, #""\x""#, #""\u12""#, #""\ud83d""#, #""\ude00""#, "\"a\nb\"", #""\ud83dx""#,
    ])
    func `a malformed string is refused`(json: String) {
        #expect(throws: JSONScanner.Failure.self) { try withScanner(json) { try $0.string() } }
    }

    @Test func `UTF-8 is checked`() {
        for bytes: [UInt8] in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] {
            bytes.withUnsafeBufferPointer { buffer in
                var scanner = JSONScanner(buffer)
                #expect(throws: JSONScanner.Failure.self) { try scanner.string() }
            }
        }
    }

    @Test func `a value is passed over up to the depth that is allowed`() throws {
        let deep = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        #expect(throws: JSONScanner.Failure.tooDeep) { try withScanner("[\(deep)]") { _ = try $0.skipValue() } }
        let nested = String(repeating: "[", count: 31) + String(repeating: "]", count: 31)
        try withScanner("{\"a\": \(nested), \"b\": {}}") { _ = try $0.skipValue() }
    }

    @Test func `random mutations of a document are accepted exactly where Foundation accepts them`() throws {
        let document = Array(#"{"a":[1,2.5,-3e2,true,false,null],"b":{"c":"x\u00e9\n"},"d":""}"#.utf8)
        for _ in 0..<50_000 {
            var mutated = document
            for _ in 0..<Int.random(in: 1...2) {
                mutated[Int.random(in: 0..<mutated.count)] = UInt8.random(in: 0x20...0x7E)
            }
            if Bool.random() { mutated.removeLast(Int.random(in: 0..<mutated.count)) }
            let foundation = (try? JSONSerialization.jsonObject(with: Data(mutated))) != nil
            let ours = mutated.withUnsafeBufferPointer { bytes in
                var scanner = JSONScanner(bytes)
                do {
                    guard try scanner.peekKind() == .object else { return false }
                    try scanner.skipValue()
                    try scanner.end()
                    return true
                } catch {
                    return false
                }
            }
            #expect(ours == foundation || isKnownDifference(mutated), "\(String(decoding: mutated, as: UTF8.self))")
        }
    }

    /// The scan begins with an object, where Foundation takes any value; and Foundation takes a comma behind the last
    /// member, which RFC 8259 does not.
    private func isKnownDifference(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return !text.hasPrefix("{") || text.contains(/,[ \t\r\n]*[}\]]/)
    }

    private func withScanner<Value>(_ json: String, _ body: (inout JSONScanner) throws -> Value) throws -> Value {
        try Array(json.utf8).withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            return try body(&scanner)
        }
    }
}
