/// A token bucket of readings: so many a minute on average, and a minute's at once.
///
/// Readings are taken once they are stored, so more may be taken than there are; then nothing is allowed until what is
/// owed has come back.
struct ReadingRate: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// May change; what has come back by then stays, up to the new minute's.
    var perMinute: Int
    private var tokens: Double
    private var updated: Instant

    /// A full bucket.
    init(perMinute: Int, at now: Instant) {
        self.perMinute = perMinute
        tokens = Double(perMinute)
        updated = now
    }

    mutating func take(_ count: Int, at now: Instant) {
        tokens = tokens(at: now) - Double(count)
        updated = now
    }

    /// How long it is until a reading is allowed again; nil when one is now.
    func wait(at now: Instant) -> Duration? {
        let missing = 1 - tokens(at: now)
        return missing > 0 ? .seconds(missing * 60 / comingBack) : nil
    }

    /// In a minute. Of a plan that allows none one would, so that there is a time to wait for.
    private var comingBack: Double { Double(max(perMinute, 1)) }

    private func tokens(at now: Instant) -> Double {
        min(Double(perMinute), tokens + updated.duration(to: now) / .seconds(1) * comingBack / 60)
    }
}
