/// Keeps the reads of a stream apart, so that what comes in quick succession is taken together.
///
/// What comes after a rest is read at once. Under load a reader makes a round, and the transaction that goes with it, for
/// everything that has gathered, and not for each entry.
public struct ReadPace: Sendable {
    private let interval: Duration
    private var next = ContinuousClock.now

    /// - Parameter interval: From the end of one read to the next at least: how much later than at once an entry may be
    ///   seen.
    public init(_ interval: Duration) {
        self.interval = interval
    }

    /// Waits until it is time to read again.
    ///
    /// - Throws: `CancellationError`.
    public func wait() async throws {
        guard ContinuousClock.now < next else { return }
        try await Task.sleep(until: next)
    }

    /// Notes that a read has ended with `entries`.
    ///
    /// - Parameter limit: How many it could have brought; what was left behind by it is read at once.
    public mutating func hasRead(_ entries: Int, ofAtMost limit: Int) {
        next = entries < limit ? .now + interval : .now
    }
}
