/// What is known of a bucket that other gateways take from, beside its tokens.
struct SharedBucket: Sendable {
    let name: LimitName
    /// Tokens taken here that the others have not been told of.
    var unsent = 0
    /// Tokens a second that the others have been taking lately.
    private var drain = 0.0
    /// When the others were last heard of, in nanoseconds of the monotonic clock.
    private var heard: UInt64
    /// The interval that an expectation is good for: two exchanges that fail.
    private static let expectation = 0.5

    init(name: LimitName, now: UInt64) {
        self.name = name
        heard = now
    }

    /// Tokens that the others have probably taken since they were heard of: without it, all would spend what comes back
    /// between two exchanges, each for itself.
    func reserve(now: UInt64) -> Double {
        drain * min(Self.expectation, seconds(to: now))
    }

    /// Hears how many tokens the others took. What they take is expected to go on; the last exchange counts an eighth,
    /// so that gateways that wait for each other do not do so in step.
    mutating func hear(taken: Double, _ limit: RateLimit, now: UInt64) {
        let elapsed = seconds(to: now)
        // They cannot go on taking more than comes back.
        if elapsed > 0 { drain = min(limit.rate, (7 * drain + max(0, taken) / elapsed) / 8) }
        heard = max(heard, now)
    }

    private func seconds(to now: UInt64) -> Double {
        now > heard ? Double(now - heard) / 1e9 : 0
    }
}
