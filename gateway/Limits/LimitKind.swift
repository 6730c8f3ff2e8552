/// What requests are counted by; each kind has a limit and a table of its own.
enum LimitKind: Int, Sendable, CaseIterable {
    /// The client's address, where no credential has been accepted.
    case address
    /// An opaque credential.
    case credential
    /// The user of a token that was checked, whichever token it is.
    case principal
    /// The organization of a token that was checked.
    case organization
    /// The client's address, where passwords are tried.
    case signIn
    /// Whoever asks, on a route that has a rate of its own.
    case route
}

/// Some kinds of limit.
struct LimitKinds: OptionSet, Sendable {
    let rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ kind: LimitKind) { rawValue = 1 << UInt8(kind.rawValue) }
}

/// The name of what is counted, the same in all gateways: a hash, as Redis is told no address and no secret.
struct LimitName: Sendable, Hashable {
    /// Such as `principal:` and 32 hexadecimal digits.
    let text: String
}

/// What a gateway tells the others of one bucket.
struct LimitReport: Sendable {
    var kind: LimitKind
    /// As its own table knows it.
    var key: UInt64
    var name: LimitName
    var limit: RateLimit
    /// Tokens taken since the last report.
    var taken: Int
    /// Tokens that it holds, those taken subtracted: what to begin with where the others know nothing.
    var balance: Double
    /// Nanoseconds of the monotonic clock.
    var collected: UInt64
}
