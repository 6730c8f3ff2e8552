/// The pauses between attempts: twice as long each time up to a maximum, of which up to half is cut by chance, so that
/// many clients that lost one server do not come back at once.
public struct Backoff: Sendable {
    private let initial: Duration
    private let maximum: Duration
    private var doublings = 0

    public init(initial: Duration = .milliseconds(50), maximum: Duration = .seconds(5)) {
        self.initial = initial
        self.maximum = maximum
    }

    /// The next pause; `chance` is drawn evenly from 0 to 1.
    public mutating func next(chance: Double = .random(in: 0...1)) -> Duration {
        let longest = min(maximum, initial * (1 << doublings))
        if longest < maximum { doublings += 1 }
        return longest / 2 + longest / 2 * chance
    }

    /// The next pause is the initial one again: an attempt has succeeded.
    public mutating func reset() {
        doublings = 0
    }
}
