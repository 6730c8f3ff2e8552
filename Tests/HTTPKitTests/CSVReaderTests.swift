import HTTPKit
import Testing

@Suite struct CSVReaderTests {
    @Test(
        arguments: [
            ("a,b\n1,2\n", [["1", "2"]]), ("a,b\r\n1,2", [["1", "2"]]), ("a;b\n1,5;2\n", [["1,5", "2"]]),
            ("\"a;b;c\",d\n1,2;3\n", [["1", "2;3"]]), ("a,b\n\"1,5\",\"2\"\n", [["1,5", "2"]]),
            ("a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", [["say \"hi\"", "\""]]),
            ("a,b\n\"two\r\nlines\",x\r\n3,4", [["two\r\nlines", "x"], ["3", "4"]]),
            ("\u{FEFF}a,b\n1,2\n", [["1", "2"]]), ("\r\n\na,b\n\n1,2\r\n\r\n\n3,4\n\n", [["1", "2"], ["3", "4"]]),
            ("a,b\n,\n\"\",\"\"\n", [["", ""], ["", ""]]), ("a,b\n5\" wide,ä\n", [["5\" wide", "ä"]]),
            ("a,b\n1\r2, 3 \n", [["1\r2", " 3 "]]), ("a,b", []), ("a,b\r\n", []),
        ] as [(String, [[String]])])
    func `a file is read field by field`(text: String, rows: [[String]]) throws {
        let records = Array(try CSVReader(Array(text.utf8)))
        #expect(records.map(\.fields) == rows)
        #expect(records.allSatisfy { $0.fault == nil })
    }

    @Test(
        arguments: [
            ("a,b\n1\n3,4", [.fieldCount(1, expected: 2), nil], [2, 3]),
            ("a,b\n1,2,3\n3,4", [.fieldCount(3, expected: 2), nil], [2, 3]),
            ("a,b\n\"1\" x,2\n3,4", [.textAfterQuote, nil], [2, 3]),
            ("a,b\n\"1\n2\",2\n\n3\n", [nil, .fieldCount(1, expected: 2)], [2, 5]),
            ("a,b\n1,2\n3,\"4\n5,6\n", [nil, .openQuote], [2, 3]),
            ("a,b\n\"1,2\n\"3\",4\n5,6", [.textAfterQuote, nil], [2, 4]),
        ] as [(String, [CSVFault?], [Int])])
    func `a broken record is told by its line, and the others are read`(
        text: String, faults: [CSVFault?], lines: [Int]
    ) throws {
        let records = Array(try CSVReader(Array(text.utf8)))
        #expect(records.map(\.fault) == faults)
        #expect(records.map(\.line) == lines)
    }

    @Test(
        arguments: [
            (Array("".utf8), .noHeader), (Array("\u{FEFF}\r\n\n".utf8), .noHeader), ([0x61, 0xE4, 0x0A], .notUTF8),
            (Array("a,\"b\n1,2\n".utf8), .header(.openQuote)), (Array("\"a\"b,c\n".utf8), .header(.textAfterQuote)),
        ] as [([UInt8], CSVError)])
    func `what has no header line is no table`(bytes: [UInt8], error: CSVError) {
        #expect(throws: error) { try CSVReader(bytes) }
    }

    @Test func `the header line gives the columns`() throws {
        #expect(try CSVReader(Array("\u{FEFF}name;\"serial;number\";tags\r\n".utf8)).header.count == 3)
        #expect(try CSVReader(Array("name\n1\n".utf8)).header == ["name"])
    }

    @Test(arguments: ["", "'", "plain", "it's", "=1+1", "'=1+1", "''-2", "@x", "\tx", "'tis"])
    func `a text that was guarded is read back as it was`(text: String) {
        let guarded = FormulaGuard.guarded(text)
        #expect(FormulaGuard.unguarded(guarded) == text)
        #expect(guarded.unicodeScalars.first.map { !"=+-@\t\r".unicodeScalars.contains($0) } ?? true)
    }
}
