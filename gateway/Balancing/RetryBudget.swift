import NIOCore

/// How many requests may be sent a second time, so that a service that fails does not get twice the load.
///
/// A token bucket: each request answered brings a part of a token, each second some, and a request that is sent again
/// takes one. One that no copy has seen, as it could not be connected to, is no load and needs none.
struct RetryBudget: Equatable {
    /// Seconds of the floor that are saved up, for the moment in which a copy dies with all that it had.
    private static let saved = 10.0

    private let perRequest: Double
    private let perSecond: Double
    /// What the seconds alone save up.
    private let floor: Double
    private let capacity: Double
    private var tokens: Double
    private var updated: NIODeadline?

    /// A budget with all that the seconds save up. Answered requests save up the part of a hundred of them, so that there is
    /// something for what was under way at a copy that dies where the seconds bring little.
    init(_ policy: UpstreamPolicy) {
        perRequest = Double(policy.retryPercent) / 100
        perSecond = Double(policy.retriesPerSecond)
        floor = max(perSecond * Self.saved, perRequest > 0 ? 1 : 0)
        capacity = max(floor, Double(policy.retryPercent))
        tokens = floor
    }

    /// A request was answered.
    mutating func earn() { tokens = min(capacity, tokens + perRequest) }

    /// Whether a request may be sent again now.
    mutating func isOpen(now: NIODeadline) -> Bool {
        if let updated, now > updated, tokens < floor {
            tokens = min(floor, tokens + Double((now - updated).nanoseconds) / 1e9 * perSecond)
        }
        updated = now
        return tokens >= 1
    }

    /// A request is sent again.
    mutating func spend() { tokens -= 1 }
}
