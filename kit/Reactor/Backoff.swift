/// The pauses between attempts to connect: twice as long each time up to a limit, the upper half of each by chance so
/// that many processes that lost one server do not come back at once.
public struct Backoff: Sendable {
    private let first: Duration
    private let limit: Duration
    private var doublings = 0

    public init(first: Duration = .milliseconds(50), limit: Duration = .seconds(5)) {
        self.first = first
        self.limit = limit
    }

    /// The next pause; `chance` is drawn evenly from 0 to 1.
    public mutating func next(chance: Double = .random(in: 0...1)) -> Duration {
        let ceiling = min(limit, first * (1 << doublings))
        if ceiling < limit { doublings += 1 }
        return ceiling / 2 + ceiling / 2 * chance
    }

    /// The next pause is the first again: an attempt has succeeded.
    public mutating func reset() {
        doublings = 0
    }
}
