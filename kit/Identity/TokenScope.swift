/// What a personal access token may be used for: reading or writing in one area. The list is closed.
///
/// A token never gets more than its user's own role; a scope only narrows it. Written as `devices:read`.
public struct TokenScope: Sendable, Hashable {
    /// A part of the platform that scopes are given for.
    public enum Area: String, Sendable, Hashable, CaseIterable {
        /// Devices, their state, configuration and commands.
        case devices
        /// Measured values and what is computed from them.
        case readings
        /// Rules, alerts, channels and notifications.
        case alerts
        /// Plans, usage and invoices.
        case billing
        /// The organization, its projects and its directory of entities.
        case organization
        /// Who belongs to the organization, and who may reach what.
        case members
        /// The user's own account.
        case profile
    }

    public enum Verb: String, Sendable, Hashable, CaseIterable {
        case read, write
    }

    public let area: Area
    public let verb: Verb

    public init(_ area: Area, _ verb: Verb) {
        self.area = area
        self.verb = verb
    }
}

extension TokenScope: RawRepresentable, Codable, CaseIterable, CustomStringConvertible {
    public static var allCases: [TokenScope] {
        Area.allCases.flatMap { area in Verb.allCases.map { TokenScope(area, $0) } }
    }

    /// Nil for what is no scope.
    public init?(rawValue: String) {
        let parts = rawValue.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let area = Area(rawValue: parts[0]), let verb = Verb(rawValue: parts[1]) else {
            return nil
        }
        self.init(area, verb)
    }

    public var rawValue: String { "\(area.rawValue):\(verb.rawValue)" }

    public var description: String { rawValue }
}

/// What a route demands of a personal access token, beside what it demands of the token's user.
public enum TokenDemand: Sendable, Hashable {
    /// That it has all of these scopes; an empty set is content with any token.
    case scopes(Set<TokenScope>)
    /// That it is none: what changes credentials is for somebody who has signed in.
    case signIn

    /// Whether `user` comes with a token that may, or with none.
    public func allows(_ user: UserPrincipal) -> TokenDecision {
        guard let scopes = user.scopes else { return .allowed }
        switch self {
        case .signIn: return .signInRequired
        case .scopes(let demanded):
            let missing = demanded.subtracting(scopes)
            return missing.isEmpty ? .allowed : .missing(missing)
        }
    }
}

/// The answer to whether a personal access token may use a route. Whatever is not `allowed` is 403.
public enum TokenDecision: Sendable, Hashable {
    case allowed
    /// The token lacks these scopes.
    case missing(Set<TokenScope>)
    /// No token may.
    case signInRequired
}
