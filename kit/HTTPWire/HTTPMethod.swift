/// The methods of which there are routes.
public enum HTTPMethod: UInt8, Sendable, CaseIterable {
    case get, head, post, put, patch, delete, options

    public init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        for method in Self.allCases where bytes.equals(method.staticName, at: range) {
            self = method
            return
        }
        return nil
    }

    public init?(name: String) {
        guard let method = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = method
    }

    public var staticName: StaticString {
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

    public var name: String { staticName.description }

    /// Whether sending the request twice does what sending it once does (RFC 9110 §9.2.2).
    public var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options: true
        case .post, .patch: false
        }
    }
}
