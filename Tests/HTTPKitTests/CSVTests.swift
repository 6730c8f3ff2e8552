import HTTPKit
import Testing

@Suite struct CSVTests {
    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ("two\r\nlines", "\"two\r\nlines\""), ("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-2", "'-2"),
        ("+49", "'+49"), ("\tx", "'\tx"), ("=a,b", "\"'=a,b\""), ("1=1", "1=1"),
        ("'=1", "''=1"), ("it's", "it's"), ("a\"\u{308}", "\"a\"\"\u{308}\""),
    ])
    func `a text is quoted where it must be, and no formula`(text: String, field: String) {
        var row = CSVRow()
        row.append(text)
        #expect(row.text == field + "\r\n")
    }

    @Test func `fields are joined by commas, empty ones too`() {
        var row = CSVRow()
        row.append(nil)
        row.append("a")
        row.append(verbatim: "-1.5")
        row.append("")
        #expect(row.text == ",a,-1.5,\r\n")
    }
}
