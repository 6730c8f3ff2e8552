import Reactor

/// Which streams of a consumer may be read, and when the others are to be looked at again.
struct StreamOpening {
    /// Those that may be read.
    private(set) var open: [String] = []
    private var waiting: [String]
    private var nextLook: ContinuousClock.Instant?
    private var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(5))

    init(_ streams: [String]) {
        waiting = streams
    }

    /// How long until the waiting ones are due; nil when none waits.
    func untilDue(at now: ContinuousClock.Instant) -> Duration? {
        guard !waiting.isEmpty else { return nil }
        return nextLook.map { max(.milliseconds(1), now.duration(to: $0)) } ?? .milliseconds(1)
    }

    /// Those that are to be tried now; they are due again later, unless they open.
    mutating func takeDue(at now: ContinuousClock.Instant) -> [String] {
        guard !waiting.isEmpty, nextLook.map({ $0 <= now }) ?? true else { return [] }
        nextLook = now + backoff.next()
        return waiting
    }

    mutating func opened(_ stream: String) {
        waiting.removeAll { $0 == stream }
        open.append(stream)
    }
}
