/// What is wrong with the gateway's file, and where.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// The line, counted from 1; nil where the whole file is meant.
    let line: Int?
    let message: String

    var description: String {
        if let line { "line \(line): \(message)" } else { message }
    }
}
