/// A rate: so many requests a second on average, so many at once.
struct RateLimit: Sendable, Equatable {
    /// Tokens that come back each second.
    var rate: Double
    /// Tokens that a full bucket holds.
    var burst: Double
}

/// What a limiter says of one request, as the `RateLimit` fields tell it.
struct RateDecision: Sendable, Equatable {
    var isAllowed: Bool
    /// Requests that a full bucket allows.
    var limit: Int
    /// Requests that would be allowed now.
    var remaining: Int
    /// Whole seconds until the bucket is full again.
    var reset: Int
    /// Whole seconds until one request is allowed again; 0 when it is now.
    var retryAfter: Int
}

/// A token bucket: a request takes a token, and tokens come back evenly up to the burst.
struct TokenBucket: Sendable, Equatable {
    private(set) var tokens: Double
    /// Nanoseconds of the monotonic clock.
    private(set) var updated: UInt64

    /// A full bucket.
    init(_ limit: RateLimit, now: UInt64) {
        tokens = limit.burst
        updated = now
    }

    /// Takes one token if there is one.
    mutating func take(_ limit: RateLimit, now: UInt64) -> RateDecision {
        refill(limit, now: now)
        let isAllowed = tokens >= 1
        if isAllowed { tokens -= 1 }
        return RateDecision(
            isAllowed: isAllowed, limit: Int(limit.burst), remaining: max(0, Int(tokens)),
            reset: Int(((limit.burst - tokens) / limit.rate).rounded(.up)),
            retryAfter: isAllowed ? 0 : max(1, Int(((1 - tokens) / limit.rate).rounded(.up))))
    }

    /// Gives a token back that turned out not to be owed.
    mutating func giveBack(_ limit: RateLimit) {
        tokens = min(limit.burst, tokens + 1)
    }

    /// Whether the bucket would be full by `now`, so that forgetting it changes nothing.
    func isFull(_ limit: RateLimit, now: UInt64) -> Bool {
        refilled(limit, now: now) >= limit.burst
    }

    private mutating func refill(_ limit: RateLimit, now: UInt64) {
        tokens = refilled(limit, now: now)
        updated = max(updated, now)
    }

    private func refilled(_ limit: RateLimit, now: UInt64) -> Double {
        // Clocks of two threads may be a little apart; time never runs backwards in a bucket.
        guard now > updated else { return tokens }
        return min(limit.burst, tokens + Double(now - updated) / 1e9 * limit.rate)
    }
}
