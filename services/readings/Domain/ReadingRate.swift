/// A token bucket of readings: so many a minute on average, and a minute's at once.
///
/// Readings are taken once they are stored, so more may be taken than there are; then nothing is allowed until what is
/// owed has come back.
struct ReadingRate: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// May change; what has come back by then stays, up to the new minute's.
    var perMinute: Int
    private var tokens: Double
    /// What has come back since ``takeElsewhere(_:at:)`` and found the bucket full.
    private var overflow = 0.0
    private var updated: Instant

    /// A full bucket.
    init(perMinute: Int, at now: Instant) {
        self.perMinute = perMinute
        tokens = Double(perMinute)
        updated = now
    }

    mutating func take(_ count: Int, at now: Instant) {
        refill(at: now)
        tokens -= Double(count)
    }

    /// Takes what others have taken from the same rate, at some time since the last call. What came back meanwhile and
    /// found the bucket full only did so because theirs was not taken yet, and goes towards it.
    mutating func takeElsewhere(_ count: Int, at now: Instant) {
        refill(at: now)
        tokens -= max(0, Double(count) - overflow)
        overflow = 0
    }

    /// How long it is until a reading is allowed again; nil when one is now.
    func wait(at now: Instant) -> Duration? {
        let missing = 1 - min(Double(perMinute), refilled(at: now))
        return missing > 0 ? .seconds(missing * 60 / comingBack) : nil
    }

    /// In a minute. Of a plan that allows none one would, so that there is a time to wait for.
    private var comingBack: Double { Double(max(perMinute, 1)) }

    private mutating func refill(at now: Instant) {
        let refilled = refilled(at: now)
        tokens = min(Double(perMinute), refilled)
        overflow += refilled - tokens
        updated = now
    }

    /// As if there were room for any number.
    private func refilled(at now: Instant) -> Double {
        tokens + updated.duration(to: now) / .seconds(1) * comingBack / 60
    }
}
