import HTTPKit

/// Why the whole of a request cannot be used.
enum BodyFailure: Error, Equatable {
    case notJSON(JSONScanner.Failure)
    /// Well-formed, but not what the route takes.
    case invalid(field: String, message: String)

    static func tooManyReadings(_ field: String) -> BodyFailure {
        .invalid(field: field, message: "must have at most \(ReadingLimits.readingsPerRequest) readings")
    }
}

extension BodyFailure: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notJSON(.malformed(let offset)): .badRequest("The body is not JSON: see byte \(offset).")
        case .notJSON(.tooDeep): .badRequest("The body nests deeper than \(JSONScanner.maximumDepth) levels.")
        case .invalid(let field, let message): .invalid(field, message)
        }
    }
}
