import NIOCore

/// How long a route waits.
struct RouteTimeouts: Sendable, Equatable {
    /// For a connection to the service.
    var connect: TimeAmount
    /// From the request to the head of the response.
    var response: TimeAmount
    /// Between two pieces of a body, either way, or of a tunnel.
    var idle: TimeAmount
    /// By how much the body of a request may fall behind `bodyRate`.
    var body = TimeAmount.minutes(1)
    /// Bytes of content a second that a request has to bring.
    var bodyRate = 500
}

/// What one line of the routing table says.
///
/// It never changes; a class, as requests hold it.
final class Route: Sendable {
    enum Destination: Sendable, Equatable {
        /// The index of an upstream group.
        case upstream(Int)
        /// Something that the gateway answers itself.
        case own(OwnEndpoint)
        /// Files that the gateway has read.
        case folder(StaticFolder)
    }

    let pattern: RoutePattern
    /// Nil for any host.
    let host: HostPattern?
    /// Nil for whoever asks.
    let principal: PrincipalKind?
    let methods: HTTPMethods
    let destination: Destination
    /// What becomes of the fields of answers.
    let rules: ResponseRules
    let timeouts: RouteTimeouts
    /// Bytes of content that a request may have.
    let bodyLimit: Int
    let limit: LimitClass
    /// Whether a request may become a WebSocket.
    let allowsUpgrade: Bool
    /// Whether a service takes any request on this route twice without harm, so that it may be sent again.
    let isRepeatable: Bool
    /// Whether small requests go over a connection to the service that they share with others.
    let isMultiplexed: Bool
    /// Whether a response goes on until somebody ends it, so that a shutdown does not wait for it.
    let isStream: Bool
    /// Whether a bad token is refused here, before a service sees it.
    let checksTokens: Bool
    /// Whether an answer that succeeds tells that the request's credential is good; not where anybody is answered.
    let provesCredentials: Bool
    /// Whether answers that a service has not compressed are compressed on their way.
    let compresses: Bool
    /// How often a request goes out again, to another copy or by another connection.
    let retries: Int
    /// What each caller may ask for here, beside the limits that hold for all routes; nil for any number.
    let rate: RateLimit?
    /// Where event loops count its requests.
    let place: Int

    /// Where requests are counted that no route takes.
    static let strayPlace = 0

    init(
        pattern: RoutePattern, host: HostPattern? = nil, principal: PrincipalKind? = nil,
        rules: ResponseRules = .none, methods: HTTPMethods = .all, destination: Destination, timeouts: RouteTimeouts,
        bodyLimit: Int, limit: LimitClass, allowsUpgrade: Bool = false, isRepeatable: Bool = false,
        isMultiplexed: Bool = false, isStream: Bool = false, checksTokens: Bool = false, provesCredentials: Bool = true,
        compresses: Bool = false, retries: Int = 2, rate: RateLimit? = nil, place: Int = Route.strayPlace
    ) {
        self.pattern = pattern
        self.host = host
        self.principal = principal
        self.rules = rules
        self.methods = methods
        self.destination = destination
        self.timeouts = timeouts
        self.bodyLimit = bodyLimit
        self.limit = limit
        self.allowsUpgrade = allowsUpgrade
        self.isRepeatable = isRepeatable
        self.isMultiplexed = isMultiplexed
        self.isStream = isStream
        self.checksTokens = checksTokens
        self.provesCredentials = provesCredentials
        self.compresses = compresses
        self.retries = retries
        self.rate = rate
        self.place = place
    }

    /// The same with other places.
    private func copy(to destination: Destination, place: Int) -> Route {
        Route(
            pattern: pattern, host: host, principal: principal, rules: rules, methods: methods,
            destination: destination, timeouts: timeouts, bodyLimit: bodyLimit, limit: limit,
            allowsUpgrade: allowsUpgrade, isRepeatable: isRepeatable, isMultiplexed: isMultiplexed,
            isStream: isStream, checksTokens: checksTokens, provesCredentials: provesCredentials,
            compresses: compresses, retries: retries, rate: rate, place: place)
    }

    /// The same with the upstream at another place.
    func to(upstream: Int) -> Route { copy(to: .upstream(upstream), place: place) }

    /// The same, counted elsewhere.
    func at(place: Int) -> Route { copy(to: destination, place: place) }

    /// The path, behind the host where there is one.
    var text: String { (host?.text ?? "") + pattern.text }

    /// What people know it by: `POST /api/v1/readings`, with its host and principal where it has them.
    var label: String {
        let who = principal.map { " (\($0.rawValue))" } ?? ""
        return (methods == .all ? "" : "\(methods) ") + text + who
    }
}

/// A path pattern: `/api/v1/devices/{id}/readings/*`.
///
/// `{name}` is any one segment, `{name:prefix*}` one that begins with a prefix; a final `*` is the pattern without it
/// and everything below.
struct RoutePattern: Sendable, Equatable {
    enum Segment: Sendable, Hashable {
        case literal(String)
        case prefixed(String)
        case any
    }

    let text: String
    let segments: [Segment]
    let isOpen: Bool
    /// The positions of the segments named `token`, one bit each: they are credentials and are never logged.
    let secrets: UInt32

    /// - Throws: `RoutePatternError`.
    init(_ text: String) throws(RoutePatternError) {
        guard text.hasPrefix("/") else { throw RoutePatternError(pattern: text, reason: "must begin with a slash") }
        var parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        isOpen = parts.last == "*"
        if isOpen || parts == [""] { parts.removeLast() }
        self.text = text
        var segments: [Segment] = []
        for part in parts { segments.append(try Self.segment(part, of: text)) }
        self.segments = segments
        secrets = parts.enumerated().reduce(0) { secrets, part in
            let isSecret = part.offset < 32 && (part.element == "{token}" || part.element.hasPrefix("{token:"))
            return isSecret ? secrets | 1 << UInt32(part.offset) : secrets
        }
    }

    private static func segment(_ part: Substring, of text: String) throws(RoutePatternError) -> Segment {
        guard part.hasPrefix("{") else {
            guard !part.isEmpty, !part.contains(where: { "{}*".contains($0) }) else {
                throw RoutePatternError(pattern: text, reason: "has a segment '\(part)' that means nothing")
            }
            return .literal(String(part))
        }
        guard part.hasSuffix("}") else {
            throw RoutePatternError(pattern: text, reason: "has a segment '\(part)' without its closing brace")
        }
        guard let colon = part.firstIndex(of: ":") else { return .any }
        let prefix = part[part.index(after: colon)...].dropLast()
        guard prefix.hasSuffix("*"), prefix.count > 1 else {
            throw RoutePatternError(pattern: text, reason: "has a prefix '\(prefix)' that does not end with '*'")
        }
        return .prefixed(String(prefix.dropLast()))
    }
}

struct RoutePatternError: Error, Equatable, CustomStringConvertible {
    let pattern: String
    let reason: String
    var description: String { "the path '\(pattern)' \(reason)" }
}
