/// A row of a CSV file (RFC 4180), made field by field.
public struct CSVRow: Sendable, Hashable {
    private var line = ""
    private var isEmpty = true

    public init() {}

    /// A row of texts, such as the header.
    public init(_ texts: some Sequence<String>) {
        for text in texts { append(text) }
    }

    /// Appends a text that people have written; nil is an empty field.
    ///
    /// One that a spreadsheet would take for a formula is preceded by an apostrophe (OWASP, "CSV Injection").
    public mutating func append(_ text: String?) {
        guard let text else { return append(verbatim: "") }
        let isFormula = text.unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
        append(verbatim: isFormula ? "'" + text : text)
    }

    /// Appends a number, a time or an id: what only this program has written.
    public mutating func append(verbatim text: String) {
        if !isEmpty { line += "," }
        isEmpty = false
        let isPlain = text.unicodeScalars.allSatisfy { !"\",\r\n".unicodeScalars.contains($0) }
        line += isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    /// The row with its line end.
    public var text: String { line + "\r\n" }
}
