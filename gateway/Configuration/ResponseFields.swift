import HTTPWire
import NIOCore

/// What the gateway's file says of the fields of answers: the defaults, and for a route these with its own in them.
struct ResponseFields {
    static let settings = ["headers", "cache_control", "cors"]

    private var set: [(name: String, value: String)] = []
    private var removed: [String] = []
    private var cacheControl: String?
    private var cors: CORSPolicy?

    mutating func apply(_ members: [String: FileValue]) throws(GatewayFileError) {
        if let headers = try members["headers"]?.members(of: ["set", "remove"]) {
            for (name, value) in try headers["set"]?.members() ?? [] {
                forget(try Self.checked(name, value))
                set.append((name, try Self.content(value)))
            }
            for (name, value) in try headers["remove"]?.texts() ?? [] {
                forget(try Self.checked(name, value))
                removed.append(name)
            }
        }
        if let value = members["cache_control"] {
            let text = try Self.content(value)
            cacheControl = text.isEmpty ? nil : text
        }
        if let value = members["cors"] { cors = try CORSPolicy(value) }
    }

    /// What answers are treated with.
    var rules: ResponseRules {
        let dropped = (set.map(\.name) + removed).map { LowercasedText($0) }
        var fallbacks = Self.security
        if let cacheControl { fallbacks.append(.init("Cache-Control", cacheControl, .success)) }
        return ResponseRules(
            dropped: dropped, lines: ByteBuffer(string: set.map { "\($0.name): \($0.value)\r\n" }.joined()),
            fallbacks: fallbacks.filter { !dropped.contains($0.name) }, cors: cors)
    }

    /// What keeps a browser from doing with answers what it must not, where they do not say so themselves.
    private static let security: [ResponseRules.Fallback] = [
        .init("X-Content-Type-Options", "nosniff", .always),
        .init("Referrer-Policy", "same-origin", .always),
        .init("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'", .own),
        .init("Strict-Transport-Security", "max-age=31536000", .secure),
    ]

    /// Takes back what was said of a field before.
    private mutating func forget(_ name: LowercasedText) {
        set.removeAll { LowercasedText($0.name) == name }
        removed.removeAll { LowercasedText($0) == name }
    }

    // MARK: Names and values

    /// Fields about the message or the connection, and those that another setting decides about.
    private static let reserved = Set(
        [
            "Allow", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Date", "Keep-Alive",
            "Location", "Retry-After", "Set-Cookie", "Trailer", "Transfer-Encoding", "Upgrade", "Vary",
            "WWW-Authenticate", "X-Request-ID",
        ].map { LowercasedText($0) })

    private static func checked(_ name: String, _ value: FileValue) throws(GatewayFileError) -> LowercasedText {
        guard !name.isEmpty, name.utf8.allSatisfy({ ByteSet.token.contains($0) }) else {
            throw value.error("'\(name)' is not the name of a field")
        }
        let lowercased = LowercasedText(name)
        guard !reserved.contains(lowercased), !lowercased.description.hasPrefix("ratelimit-") else {
            throw value.error("'\(name)' is written by the gateway and its services alone")
        }
        guard !lowercased.description.hasPrefix("access-control-") else {
            throw value.error("'\(name)' is written as 'cors' says")
        }
        return lowercased
    }

    /// A text that can stand in a field.
    private static func content(_ value: FileValue) throws(GatewayFileError) -> String {
        let text = try value.string()
        guard text.utf8.allSatisfy(ASCII.isFieldContent) else {
            throw value.error("the value of a field cannot hold control characters")
        }
        return text
    }
}

extension CORSPolicy {
    /// Reads what the file says; nil where no origin is allowed.
    fileprivate init?(_ setting: FileValue) throws(GatewayFileError) {
        let members = try setting.members(of: ["origins", "methods", "headers", "expose", "credentials", "max_age"])
        guard let origins = members["origins"] else { throw setting.error("'cors' needs 'origins'") }
        let hasCredentials = try members["credentials"]?.bool() ?? false
        var known: [Origin] = []
        var allowsAny = false
        for (text, value) in try origins.texts() {
            if text == "*" {
                guard !hasCredentials else {
                    throw value.error("'*' excludes 'credentials': name the origins that may use them")
                }
                allowsAny = true
            } else if let origin = Origin(text) {
                known.append(origin)
            } else {
                throw value.error(
                    "'\(text)' is not an origin such as https://app.example.org or https://*.example.org")
            }
        }
        let exposed = try Self.names(members["expose"])
        var fields = hasCredentials ? "Access-Control-Allow-Credentials: true\r\n" : ""
        if !exposed.isEmpty { fields += "Access-Control-Expose-Headers: \(exposed)\r\n" }
        var methods = HTTPMethods.all
        if let value = members["methods"] { methods = try HTTPMethods(value) }
        var preflight = [("Access-Control-Allow-Methods", methods.list)]
        let headers = try Self.names(members["headers"])
        if !headers.isEmpty { preflight.append(("Access-Control-Allow-Headers", headers)) }
        if let value = members["max_age"] {
            preflight.append(("Access-Control-Max-Age", String(try value.duration().nanoseconds / 1_000_000_000)))
        }
        if known.isEmpty, !allowsAny { return nil }
        self.init(origins: known, allowsAny: allowsAny, fields: fields, preflight: preflight)
    }

    /// A list of field names, as it stands in a field.
    private static func names(_ setting: FileValue?) throws(GatewayFileError) -> String {
        var names: [String] = []
        for (name, value) in try setting?.texts() ?? [] {
            guard name != "*", name.utf8.allSatisfy({ ByteSet.token.contains($0) }) else {
                throw value.error("'\(name)' is not the name of a field")
            }
            names.append(name)
        }
        return names.joined(separator: ", ")
    }
}

extension HTTPMethods {
    /// Reads a list of methods.
    init(_ setting: FileValue) throws(GatewayFileError) {
        self = []
        for (name, value) in try setting.texts() {
            guard let method = HTTPMethod(name: name) else { throw value.error("there is no method '\(name)'") }
            insert(HTTPMethods(method))
        }
    }
}
