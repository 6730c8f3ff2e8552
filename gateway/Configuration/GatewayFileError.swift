import Yams

/// What is wrong with the gateway's file, and where.
struct GatewayFileError: Error, Equatable, CustomStringConvertible {
    /// The file; nil until it is known.
    var file: String?
    /// The line, counted from 1; nil where the whole file is meant.
    let line: Int?
    /// The column in that line, counted from 1.
    var column: Int?
    let message: String

    /// `file:line:column: message`, as compilers have it.
    var description: String {
        [file, line.map(String.init), column.map(String.init), " \(message)"].compactMap(\.self)
            .joined(separator: ":").trimmingPrefix(while: \.isWhitespace).description
    }
}

extension GatewayFileError {
    /// The error of a file that is no YAML, at the place where it stops being that.
    init(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = context.map { ", \($0.text) in line \($0.mark.line)" } ?? ""
            self.init(line: mark.line, column: mark.column, message: "not YAML: \(problem)\(place)")
        case .reader(let problem, let offset?, _, let yaml):
            let before = yaml.prefix(offset)
            let column = before.reversed().prefix { !$0.isNewline }.count
            self.init(
                line: before.count(where: \.isNewline) + 1, column: column + 1, message: "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            self.init(
                line: context.mark.line, column: context.mark.column,
                message: "'\(names.first ?? "")' stands there twice")
        default:
            self.init(line: nil, message: "not YAML: \(error)")
        }
    }
}
