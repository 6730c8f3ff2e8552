import HTTPTypes
import Hummingbird

extension HTTPField.Name {
    static let apiKey = name("X-API-Key")
    static let forwardedFor = name("X-Forwarded-For")
    static let forwardedHost = name("X-Forwarded-Host")
    static let forwardedProto = name("X-Forwarded-Proto")
    static let idempotencyKey = name("Idempotency-Key")
    static let secFetchSite = name("Sec-Fetch-Site")
    static let referrerPolicy = name("Referrer-Policy")
    static let crossOriginOpenerPolicy = name("Cross-Origin-Opener-Policy")

    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no field name") }
        return name
    }
}

extension Request {
    /// Whether the browser's connection to the gateway is encrypted.
    public var isSecure: Bool { headers[.forwardedProto]?.lowercased() == "https" }

    /// The host that the browser addressed, with its port where it is not the scheme's own.
    public var publicHost: String { head.publicHost }

    /// The address that the gateway saw, or else that of the connection; nil for a socket without one.
    public func clientAddress(in context: AppRequestContext) -> String? {
        if let forwarded = headers[.forwardedFor] {
            return forwarded.split(separator: ",").first.map(\.trimmed)
        }
        return context.channel.remoteAddress?.ipAddress
    }
}

extension HTTPRequest {
    var publicHost: String { headerFields[.forwardedHost] ?? authority ?? "localhost" }
}
