/// Waiting times between attempts: doubling from `initial` to `maximum`, each cut by up to half at random so that many
/// clients of one server do not come back at once.
public struct Backoff: Sendable {
    private let initial: Duration
    private let maximum: Duration
    private var attempts = 0

    public init(initial: Duration = .milliseconds(50), maximum: Duration = .seconds(2)) {
        self.initial = initial
        self.maximum = maximum
    }

    /// The time to wait before the next attempt.
    public mutating func next() -> Duration {
        var generator = SystemRandomNumberGenerator()
        return next(using: &generator)
    }

    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let full = min(maximum, initial * (1 << min(attempts, 20)))
        attempts += 1
        return full * Double.random(in: 0.5...1, using: &generator)
    }

    /// An attempt succeeded.
    public mutating func reset() {
        attempts = 0
    }
}
