/// What is wrong with a record of a CSV file.
public enum CSVFault: Error, Hashable {
    /// The file ends within a quoted field.
    case openQuote
    /// There is more in a field behind its end quote.
    case textAfterQuote
    /// It has more or fewer fields than the header line.
    case fieldCount(Int, expected: Int)

    /// In words that follow what has the fault: "has 3 fields".
    public var message: String {
        switch self {
        case .openQuote: "opens a quote that is never closed, so that nothing behind it could be read"
        case .textAfterQuote: "has text behind an end quote; a quote within quotes is written twice"
        case .fieldCount(let count, let expected): "has \(count) fields, but the header line has \(expected)"
        }
    }
}

/// Why a text is no CSV file at all.
public enum CSVError: Error, Hashable {
    case notUTF8
    /// There is nothing in it.
    case noHeader
    /// The header line is broken.
    case header(CSVFault)
}

extension CSVError: ProblemConvertible {
    public var problem: Problem {
        switch self {
        case .notUTF8: .badRequest("The body is not UTF-8.")
        case .noHeader: .invalid("", "must begin with a line of the columns' names")
        case .header(let fault): .invalid("header", fault.message)
        }
    }
}
