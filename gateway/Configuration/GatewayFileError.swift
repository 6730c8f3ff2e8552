/// What is wrong with the gateway's file, and where.
struct GatewayFileError: Error, Equatable, CustomStringConvertible {
    /// The file; nil until it is known.
    var file: String?
    /// The line, counted from 1; nil where the whole file is meant.
    let line: Int?
    let message: String

    /// `file:line: message`, as compilers have it.
    var description: String {
        [file, line.map(String.init), " \(message)"].compactMap(\.self).joined(separator: ":")
            .trimmingPrefix(while: \.isWhitespace).description
    }
}
