/// What a request carries to say who makes it, as it stands in its headers.
public struct Credentials: Sendable {
    /// The value of `Authorization`.
    public var authorization: String?
    /// The value of `X-API-Key`, or the token in the path of a ThingsBoard-compatible route.
    public var apiKey: String?
    /// The value of the cookie `session_token`.
    public var sessionCookie: String?

    public init(authorization: String? = nil, apiKey: String? = nil, sessionCookie: String? = nil) {
        self.authorization = authorization
        self.apiKey = apiKey
        self.sessionCookie = sessionCookie
    }

    /// What is presented other than as a cookie: the token in `Authorization`, and else the key.
    ///
    /// - Throws: `malformed` for an `Authorization` that is no bearer token.
    var bearer: String? {
        get throws(AuthenticationFailure) {
            guard let authorization else { return apiKey }
            guard let token = Self.bearer(in: authorization.utf8.span) else { throw .malformed }
            let text = authorization.utf8
            return String(authorization[text.index(text.startIndex, offsetBy: token.lowerBound)...])
        }
    }

    /// Where the token stands in the value of `Authorization`; nil when that is no bearer token.
    ///
    /// RFC 6750 section 2.1; the scheme's case does not matter.
    public static func bearer(in authorization: Span<UInt8>) -> Range<Int>? {
        let prefix = "bearer "
        let scheme = prefix.utf8.span
        var start = scheme.count
        guard authorization.count > start else { return nil }
        for index in scheme.indices where authorization[index] | 0x20 != scheme[index] { return nil }
        while start < authorization.count, authorization[start] == UInt8(ascii: " ") { start += 1 }
        return start < authorization.count ? start..<authorization.count : nil
    }

    /// Whether they hold a device's key, by its form.
    public var holdDeviceKey: Bool {
        (try? bearer)?.hasPrefix(SecretToken.Kind.deviceKey.prefix) == true
    }
}

/// A request's principal, and the credential that proved it.
public struct Authentication: Sendable, Hashable {
    public enum Credential: Sendable, Hashable {
        /// A user's JWT in `Authorization`.
        case bearerToken
        /// A user's JWT in the cookie. A browser sends it whoever caused the request, so CSRF rules apply to it alone.
        case sessionCookie
        case personalAccessToken
        case deviceKey
        case internalToken
    }

    public var principal: Principal
    public var credential: Credential

    public init(principal: Principal, credential: Credential) {
        self.principal = principal
        self.credential = credential
    }
}

/// Why credentials prove nobody. All are 401, but for `unavailable`.
public enum AuthenticationFailure: Error, Hashable {
    /// `Authorization` has another scheme than `Bearer`, or nothing that is a credential.
    case malformed
    /// Not a credential of this installation, or no longer.
    case invalid
    case expired
    case revoked
    /// 503: whoever could tell does not answer.
    case unavailable

    /// The reason in words, as clients are told it.
    public var detail: String {
        switch self {
        case .malformed: "The credentials are malformed."
        case .invalid: "The credentials are not valid."
        case .expired: "The credentials have expired."
        case .revoked: "The credentials have been revoked."
        case .unavailable: "The credentials cannot be checked just now."
        }
    }

    /// `WWW-Authenticate` of an answer that refuses credentials (RFC 6750 section 3.1).
    public static let challenge = "Bearer error=\"invalid_token\""

    init(_ error: TokenError) {
        self =
            switch error {
            case .malformed: .malformed
            case .wrongAlgorithm, .unknownKey, .badSignature, .wrongUse: .invalid
            case .expired: .expired
            case .revoked: .revoked
            case .keysUnavailable: .unavailable
            }
    }
}
