import HTTPWire
import NIOCore

/// Reads the routes of the gateway's file.
struct RouteTable {
    private(set) var routes: [Route] = []
    /// What becomes of the fields of answers to requests that have no route.
    let strayRules: ResponseRules

    private static let settings =
        ResponseFields.settings + [
            "connect_timeout", "response_timeout", "idle_timeout", "body_timeout", "body_rate", "body_limit", "limit",
            "upgrade", "repeatable", "multiplex", "stream", "check_tokens", "proves_credentials", "gzip", "retries",
            "rate",
        ]

    /// What a route that says nothing has.
    private struct Options {
        var fields = ResponseFields()
        var timeouts = RouteTimeouts(connect: .seconds(2), response: .seconds(30), idle: .seconds(60))
        var bodyLimit = 1 << 20
        var limit = LimitClass.general
        var allowsUpgrade = false
        var isRepeatable = false
        var isMultiplexed = false
        var isStream = false
        var checksTokens = true
        var provesCredentials = true
        var compresses = false
        var retries = 2
        var rate: RateLimit?

        mutating func apply(_ members: [String: FileValue]) throws(GatewayFileError) {
            try fields.apply(members)
            if let value = members["connect_timeout"] { timeouts.connect = try value.duration() }
            if let value = members["response_timeout"] { timeouts.response = try value.duration() }
            if let value = members["idle_timeout"] { timeouts.idle = try value.duration() }
            if let value = members["body_timeout"] { timeouts.body = try value.duration() }
            if let value = members["body_rate"] { timeouts.bodyRate = try value.size() }
            if let value = members["body_limit"] { bodyLimit = try value.size() }
            if let value = members["upgrade"] { allowsUpgrade = try value.bool() }
            if let value = members["repeatable"] { isRepeatable = try value.bool() }
            if let value = members["multiplex"] { isMultiplexed = try value.bool() }
            if let value = members["stream"] { isStream = try value.bool() }
            if let value = members["check_tokens"] { checksTokens = try value.bool() }
            if let value = members["proves_credentials"] { provesCredentials = try value.bool() }
            if let value = members["gzip"] { compresses = try value.bool() }
            if let value = members["retries"] { retries = try value.int(in: 0...10) }
            if let value = members["rate"] { rate = try RateLimit(value) }
            if let value = members["limit"] {
                let text = try value.string()
                guard let known = LimitClass(rawValue: text) else {
                    let names = LimitClass.allCases.map(\.rawValue).joined(separator: ", ")
                    throw value.error("there is no limit '\(text)'; there are \(names)")
                }
                limit = known
            }
        }
    }

    /// - Throws: `GatewayFileError` that names the line of the first wrong route.
    init(defaults: FileValue, upstreams: [String], routes: FileValue) throws(GatewayFileError) {
        var options = Options()
        try options.apply(try defaults.members(of: Self.settings))
        strayRules = options.fields.rules
        for setting in try routes.elements() {
            self.routes.append(try Self.route(setting, defaults: options, upstreams: upstreams))
            do { _ = try Router(self.routes) } catch { throw setting.error("\(error)") }
            guard Set(self.routes.compactMap(\.host)).count <= Router.hostLimit else {
                throw setting.error("routes may name \(Router.hostLimit) hosts")
            }
        }
    }

    private static func route(
        _ setting: FileValue, defaults: Options, upstreams: [String]
    ) throws(GatewayFileError) -> Route {
        let members = try setting.members(
            of: ["path", "host", "principal", "methods", "upstream", "answer", "static"] + settings)
        var options = defaults
        try options.apply(members)
        guard let path = members["path"] else { throw setting.error("a route needs a 'path'") }
        let text = try path.string()
        let pattern: RoutePattern
        do { pattern = try RoutePattern(text) } catch { throw path.error("\(error)") }
        if pattern.segments.first.map(Self.isPrivate) ?? pattern.isOpen {
            throw path.error("'\(pattern.text)' is for services among themselves and is never routed")
        }
        return Route(
            pattern: pattern, host: try host(members["host"]),
            principal: try principal(members["principal"], of: pattern),
            rules: options.fields.rules,
            methods: try methods(members),
            destination: try destination(members, of: setting, upstreams: upstreams, pattern),
            timeouts: options.timeouts,
            bodyLimit: options.bodyLimit, limit: options.limit, allowsUpgrade: options.allowsUpgrade,
            isRepeatable: options.isRepeatable, isMultiplexed: options.isMultiplexed, isStream: options.isStream,
            // Where the path holds the credential, services look at no other.
            checksTokens: options.checksTokens && pattern.secrets == 0 && members["upstream"] != nil,
            provesCredentials: options.provesCredentials, compresses: options.compresses,
            retries: options.retries, rate: options.rate)
    }

    /// The paths that every service has for its operators and its peers; a first segment that could be any of them
    /// counts too.
    private static func isPrivate(_ segment: RoutePattern.Segment) -> Bool {
        switch segment {
        case .literal(let text): ["internal", "metrics", "livez", "readyz", "openapi.yaml"].contains(text)
        case .prefixed, .any: true
        }
    }

    private static func methods(_ members: [String: FileValue]) throws(GatewayFileError) -> HTTPMethods {
        let isStatic = members["static"] != nil
        guard let setting = members["methods"] else { return isStatic ? .reading : .all }
        let methods = try HTTPMethods(setting)
        if isStatic, !methods.isSubset(of: .reading) { throw setting.error("files take GET and HEAD alone") }
        return methods
    }

    private static func host(_ setting: FileValue?) throws(GatewayFileError) -> HostPattern? {
        guard let setting else { return nil }
        let text = try setting.string()
        do { return try HostPattern(text) } catch { throw setting.error("\(error)") }
    }

    private static func principal(
        _ setting: FileValue?, of pattern: RoutePattern
    ) throws(GatewayFileError) -> PrincipalKind? {
        guard let setting else { return nil }
        let text = try setting.string()
        guard let kind = PrincipalKind(rawValue: text) else {
            let names = PrincipalKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw setting.error("there is no principal '\(text)'; there are \(names)")
        }
        guard pattern.secrets == 0 else {
            throw setting.error(
                "the path '\(pattern.text)' holds the credential, beside which services look at no other")
        }
        return kind
    }

    private static func destination(
        _ members: [String: FileValue], of setting: FileValue, upstreams: [String], _ pattern: RoutePattern
    ) throws(GatewayFileError) -> Route.Destination {
        switch (members["upstream"], members["answer"], members["static"]) {
        case (let upstream?, nil, nil):
            let name = try upstream.string()
            guard let index = upstreams.firstIndex(of: name) else {
                throw upstream.error("there is no upstream '\(name)'")
            }
            return .upstream(index)
        case (nil, let answer?, nil):
            let name = try answer.string()
            guard let endpoint = OwnEndpoint(rawValue: name) else {
                throw answer.error("the gateway has no answer '\(name)'")
            }
            return .own(endpoint)
        case (nil, nil, let folder?):
            return .folder(try staticFolder(folder, pattern))
        default:
            throw setting.error("a route needs either 'upstream', 'answer' or 'static'")
        }
    }

    private static func staticFolder(
        _ setting: FileValue, _ pattern: RoutePattern
    ) throws(GatewayFileError) -> StaticFolder {
        let path = try setting.string()
        let isLiteral = pattern.segments.allSatisfy { if case .literal = $0 { true } else { false } }
        guard pattern.isOpen, isLiteral else {
            throw setting.error("files are served below a path such as /files/*, not '\(pattern.text)'")
        }
        guard path.hasPrefix("/") else { throw setting.error("'\(path)' is not the path of a folder from the root") }
        do { return try StaticFolder(path, at: String(pattern.text.dropLast())) } catch {
            throw setting.error(error.message)
        }
    }
}
