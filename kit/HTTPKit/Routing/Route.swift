import HTTPTypes
import Hummingbird
import Identity

/// One route: everything that must hold before its handler runs, and the handler.
public struct Route: Sendable {
    public typealias Handler = @Sendable (Request, AppRequestContext) async throws -> Response

    public let method: HTTPRequest.Method
    /// The path with its parameters as in OpenAPI: `/api/v1/devices/{id}`.
    public let path: String
    /// Who may use it.
    public let access: Access
    /// What a personal access token needs besides.
    public let tokens: TokenDemand
    public let options: RouteOptions
    let handler: Handler
}

/// What a route takes and gives.
public struct RouteOptions: Sendable {
    /// Who is at the other end, which decides how a refusal looks.
    public enum Audience: Sendable, Hashable {
        /// A program: refusals are problem documents.
        case api
        /// A browser: refusals are pages, and who is not signed in is sent to do so.
        case browser
    }

    public var audience: Audience
    public var body: BodyRule
    /// The media types it can answer with; 406 when the client accepts none of them.
    public var produces: [MediaTypeName]

    public init(
        audience: Audience = .api, body: BodyRule = .json, produces: [MediaTypeName] = [.json]
    ) {
        self.audience = audience
        self.body = body
        self.produces = produces
    }

    /// JSON in, JSON out.
    public static let api = RouteOptions()
    /// A page.
    public static let page = RouteOptions(audience: .browser, body: .none, produces: [.html])
    /// A form of a page, whose CSRF token is checked before the handler runs.
    public static let form = RouteOptions(audience: .browser, body: .form, produces: [.html])
    /// Anything, checked by the handler itself.
    public static let raw = RouteOptions(body: .any(), produces: [])
}

/// The body that a route takes.
public struct BodyRule: Sendable, Hashable {
    /// The media types that are taken; 415 for others. Empty for any.
    public var accepts: [MediaTypeName]
    /// Bytes on the wire; 413 for more.
    public var wireLimit: Int
    /// Bytes once inflated; 413 for more.
    public var limit: Int

    public init(accepts: [MediaTypeName], wireLimit: Int = 1 << 20, limit: Int = 8 << 20) {
        self.accepts = accepts
        self.wireLimit = wireLimit
        self.limit = limit
    }

    public static let none = BodyRule(accepts: [])
    public static let json = BodyRule(accepts: [.json])
    public static let form = BodyRule(accepts: [.form], limit: 1 << 20)

    public static func any(wireLimit: Int = 1 << 20, limit: Int = 8 << 20) -> BodyRule {
        BodyRule(accepts: [], wireLimit: wireLimit, limit: limit)
    }
}

/// A media type without its parameters, in lower case: `application/json`.
public struct MediaTypeName: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let description: String

    public init(stringLiteral value: String) {
        description = value
    }

    /// The media type in the value of `Content-Type`.
    public init(contentType: String) {
        // The one that nearly every request has needs no work.
        guard contentType != Self.json.description else {
            self = .json
            return
        }
        description = contentType.prefix { $0 != ";" }.trimmed.lowercased()
    }

    public static let json: MediaTypeName = "application/json"
    public static let ndjson: MediaTypeName = "application/x-ndjson"
    public static let csv: MediaTypeName = "text/csv"
    public static let html: MediaTypeName = "text/html"
    public static let form: MediaTypeName = "application/x-www-form-urlencoded"
    public static let eventStream: MediaTypeName = "text/event-stream"

    /// Whether a route that takes this type takes `other`; JSON's own types (RFC 6839) count as JSON.
    func takes(_ other: MediaTypeName) -> Bool {
        self == other || self == .json && other.description.hasSuffix("+json")
    }
}
