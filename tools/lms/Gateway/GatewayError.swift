/// Why the gateway did not do what it was asked.
enum GatewayError: Error, CustomStringConvertible {
    /// No answer came.
    case unreachable(url: String, reason: String)
    /// An answer that says no.
    case refused(status: Int, detail: String, retryAfter: Double?)
    /// An answer that cannot be read.
    case malformed(path: String)

    var description: String {
        switch self {
        case .unreachable(let url, let reason): "\(url) does not answer: \(reason)"
        case .refused(let status, let detail, _): "the gateway answered \(status): \(detail)"
        case .malformed(let path): "the answer to \(path) is not what the API promises"
        }
    }

    var status: Int? {
        if case .refused(let status, _, _) = self { status } else { nil }
    }

    /// Whether the same request may work later: the gateway or what is behind it is away, or has too much to do.
    var isTemporary: Bool {
        switch self {
        case .unreachable: true
        case .refused(let status, _, _): status >= 500 || status == 429 || status == 408
        case .malformed: false
        }
    }
}

/// What an answer of the kind `application/problem+json` says (RFC 9457).
struct Problem: Decodable {
    struct Field: Decodable {
        let field: String
        let message: String
    }

    let title: String?
    let detail: String?
    let errors: [Field]?

    var sentence: String {
        let fields = (errors ?? []).map { "\($0.field): \($0.message)" }
        return ([detail ?? title ?? "no reason given"] + fields).joined(separator: "; ")
    }
}
