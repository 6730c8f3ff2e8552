import Synchronization

/// The last counts of every event loop.
final class CountersBoard: Sendable {
    private let counters: Mutex<[Int: Counters]> = Mutex([:])

    func put(_ counters: Counters, worker: Int) {
        self.counters.withLock { $0[worker] = counters }
    }

    var total: Counters {
        counters.withLock { $0.values.reduce(into: Counters()) { $0 += $1 } }
    }
}
