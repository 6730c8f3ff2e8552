import Synchronization

/// Where event loops put their counts, some times a second, for whoever asks.
final class MetricsBoard: Sendable {
    private let counters: Mutex<[Int: Counters]> = Mutex([:])
    private let groups: Int

    init(groups: Int) {
        self.groups = groups
    }

    /// Puts the counts of one event loop in the place of its last ones.
    func publish(_ counters: Counters, from worker: Int) {
        self.counters.withLock { $0[worker] = counters }
    }

    /// The counts of all event loops together.
    var total: Counters {
        counters.withLock { $0.values.reduce(into: Counters(groups: groups)) { $0 += $1 } }
    }
}
