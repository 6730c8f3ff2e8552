/// A rate: so many requests a second on average, so many at once.
struct RateLimit: Sendable, Equatable {
    /// Tokens that come back each second.
    var rate: Double
    /// Tokens that a full bucket holds.
    var burst: Double

    /// The part of it that one of so many gateways may use by itself.
    func share(of gateways: Int) -> RateLimit {
        RateLimit(rate: rate / Double(gateways), burst: max(1, burst / Double(gateways)))
    }

    /// So many times it.
    func multiplied(by factor: Double) -> RateLimit {
        RateLimit(rate: rate * factor, burst: min(1e9, burst * factor))
    }

    /// That of another rate, which holds as many seconds of it at once, a thousand million tokens at most.
    func scaled(to rate: Double) -> RateLimit {
        RateLimit(rate: rate, burst: min(1e9, max(1, burst * rate / self.rate)))
    }
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
///
/// It may be overdrawn by what other gateways took; what is owed comes back first.
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
    ///
    /// - Parameter reserve: tokens that others are expected to have taken, of which none is known yet.
    mutating func take(_ limit: RateLimit, now: UInt64, reserve: Double = 0) -> RateDecision {
        refill(limit, now: now)
        let isAllowed = tokens - reserve >= 1
        if isAllowed { tokens -= 1 }
        let left = tokens - reserve
        return RateDecision(
            isAllowed: isAllowed, limit: Int(limit.burst), remaining: max(0, Int(left)),
            reset: Int(((limit.burst - left) / limit.rate).rounded(.up)),
            retryAfter: isAllowed ? 0 : max(1, Int(((1 - left) / limit.rate).rounded(.up))))
    }

    /// Gives a token back that turned out not to be owed.
    mutating func giveBack(_ limit: RateLimit) {
        tokens = min(limit.burst, tokens + 1)
    }

    /// Replaces what it holds.
    mutating func set(_ tokens: Double, _ limit: RateLimit, now: UInt64) {
        self.tokens = min(limit.burst, tokens)
        updated = max(updated, now)
    }

    /// Whether the bucket would be full by `now`, so that forgetting it changes nothing.
    func isFull(_ limit: RateLimit, now: UInt64) -> Bool {
        refilled(limit, now: now) >= limit.burst
    }

    /// What it holds by `now`.
    func refilled(_ limit: RateLimit, now: UInt64) -> Double {
        // Clocks of two threads may be a little apart; time never runs backwards in a bucket.
        guard now > updated else { return min(limit.burst, tokens) }
        return min(limit.burst, tokens + Double(now - updated) / 1e9 * limit.rate)
    }

    private mutating func refill(_ limit: RateLimit, now: UInt64) {
        tokens = refilled(limit, now: now)
        updated = max(updated, now)
    }
}
