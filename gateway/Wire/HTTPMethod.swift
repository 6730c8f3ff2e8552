/// The methods that the gateway knows; a request with any other is answered 405.
enum HTTPMethod: UInt8, Sendable, CaseIterable {
    case get, head, post, put, patch, delete, options

    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        for method in Self.allCases where bytes.equals(method.staticName, at: range) {
            self = method
            return
        }
        return nil
    }

    init?(name: String) {
        guard let method = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = method
    }

    var staticName: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        }
    }

    var name: String { staticName.description }

    /// Whether sending the request twice does what sending it once does (RFC 9110 §9.2.2).
    var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options: true
        case .post, .patch: false
        }
    }
}

/// The methods that a route takes.
struct HTTPMethods: OptionSet, Sendable {
    let rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }
    init(_ method: HTTPMethod) { rawValue = 1 << method.rawValue }

    static let all = HTTPMethods(rawValue: 0x7f)
}
