/// Keeps the reads of a stream apart, so that what comes in quick succession is taken together.
///
/// What comes after a rest is read at once. Under load a reader makes a round, and the transaction that goes with it, for
/// everything that has gathered, and not for each entry.
public struct ReadPace: Sendable {
    private let interval: Duration
    private var next = ContinuousClock.now

    /// - Parameter interval: From the end of one read that brought something to the next, at least.
    public init(_ interval: Duration) {
        self.interval = interval
    }

    /// Waits until it is time to read again.
    ///
    /// - Throws: `CancellationError`.
    public func wait() async throws {
        guard ContinuousClock.now < next else { return }
        // The wait is the purpose: what comes meanwhile is read together.
        try await Task.sleep(until: next)
    }

    /// Notes that a read has ended, and what it brought has been worked on.
    ///
    /// - Parameter limit: How many entries it could have brought; what was left behind by it is read at once.
    public mutating func hasRead(_ entries: Int, ofAtMost limit: Int) {
        next = (1..<limit).contains(entries) ? .now + interval : .now
    }
}
