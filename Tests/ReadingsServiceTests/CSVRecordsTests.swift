import HTTPKit
import TestKit
import Testing

@testable import ReadingsService

struct CSVRecordsTests {
    /// The records of bytes that arrive in pieces of these lengths, over and over.
    private func records(
        of bytes: [UInt8], inPiecesOf lengths: [Int] = [7], delimiter: UInt8 = UInt8(ascii: ",")
    ) -> [CSVRecords.Record] {
        var records = CSVRecords()
        records.delimiter = delimiter
        var found: [CSVRecords.Record] = []
        var rest = bytes[...]
        var number = 0
        while !rest.isEmpty {
            records.append(rest.prefix(lengths[number % lengths.count]))
            rest = rest.dropFirst(lengths[number % lengths.count])
            number += 1
            while let record = records.next(isEnd: false) { found.append(record) }
        }
        while let record = records.next(isEnd: true) { found.append(record) }
        return found
    }

    /// Each record as text; nil for a broken one.
    private func texts(_ records: [CSVRecords.Record]) -> [String?] {
        records.map { if case .whole(let bytes, _) = $0 { String(decoding: bytes, as: UTF8.self) } else { nil } }
    }

    private func lines(_ records: [CSVRecords.Record]) -> [Int] {
        records.map {
            switch $0 {
            case .whole(_, let line), .broken(let line): line
            }
        }
    }

    @Test(arguments: [1, 2, 3, 1000])
    func `records end with their lines, but for line ends in quotes`(length: Int) {
        let found = records(of: Array("a,b\r\n\n\"x\n\"\"y\",2\n\r\nq\"u,3\nlast".utf8), inPiecesOf: [length])
        #expect(texts(found) == ["a,b\r\n", "\"x\n\"\"y\",2\n", "q\"u,3\n", "last"])
        #expect(lines(found) == [1, 3, 6, 7])
    }

    @Test func `a quote that is never closed costs its own line alone`() {
        let found = records(of: Array("a\n\"b\nc\nd\n".utf8))
        #expect(texts(found) == ["a\n", nil, "c\n", "d\n"])
        #expect(lines(found) == [1, 2, 3, 4])
        let far = String(repeating: "row\n", count: CSVRecords.maximumLength)
        let long = records(of: Array(("\"open\n" + far).utf8), inPiecesOf: [4096])
        #expect(long.first == .broken(line: 1))
        #expect(long.count == CSVRecords.maximumLength + 1)
        #expect(lines(long).last == CSVRecords.maximumLength + 1)
    }

    @Test(arguments: [4096, 100_000])
    func `lines that each open a quote are broken until a record is short enough`(length: Int) {
        // From the start of a record and from within quotes alike, it ends within quotes.
        let line = "x\",\"\n"
        let lineCount = 20_000
        // Without the line end of the last record, which may be beyond what is looked at.
        let most = (CSVRecords.maximumLength - 1) / line.utf8.count
        let bytes = Array((String(repeating: line, count: lineCount) + "\"\nlast\n").utf8)
        let found = records(of: bytes, inPiecesOf: [length])
        #expect(lines(found) == Array(1...lineCount - most + 1) + [lineCount + 2])
        #expect(texts(found).suffix(3) == [nil, String(repeating: line, count: most) + "\"\n", "last\n"])
    }

    @Test func `a line that is too long is broken, and is not kept`() {
        let long = String(repeating: "x", count: 3 * CSVRecords.maximumLength)
        let found = records(of: Array("a\n\(long)\nb\n\(long)".utf8), inPiecesOf: [1000])
        #expect(texts(found) == ["a\n", nil, "b\n", nil])
        #expect(lines(found) == [1, 2, 3, 4])
    }

    @Test func `records are those that the reader of whole files finds`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix64(seed: seed)
        for number in 0..<2000 {
            let alphabet = Array("ab\"\",,;\n\n\r'".utf8)
            let body = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            let bytes = Array("a,b,c\n".utf8) + body
            let reader = try CSVReader(bytes)
            // Behind a quote that is never closed the reader finds nothing.
            let expected = reader.prefix { $0.fault != .openQuote }.map(\.line)
            let lengths = (0..<3).map { _ in Int.random(in: 1...9, using: &random) }
            let found = records(of: bytes, inPiecesOf: lengths, delimiter: reader.delimiter)
            #expect(lines(found).dropFirst().prefix(expected.count) == expected[...], "seed \(seed), body \(number)")
        }
    }
}
