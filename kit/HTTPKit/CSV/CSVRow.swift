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
    /// One that a spreadsheet would take for a formula is preceded by an apostrophe (``FormulaGuard``).
    public mutating func append(_ text: String?) {
        append(verbatim: text.map(FormulaGuard.guarded) ?? "")
    }

    /// Appends a number, a time or an id: what only this program has written.
    public mutating func append(verbatim text: String) {
        if !isEmpty { line += "," }
        isEmpty = false
        let isPlain = text.unicodeScalars.allSatisfy { !"\",\r\n".unicodeScalars.contains($0) }
        line += isPlain ? text : "\"" + text.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }

    /// The row with its line end.
    public var text: String { line + "\r\n" }
}
