import Synchronization

/// The last counts of every event loop.
final class CountersBoard: Sendable {
    private let counters: Mutex<[Int: Counters]> = Mutex([:])
    private let groups: Int

    init(groups: Int) {
        self.groups = groups
    }

    func put(_ counters: Counters, worker: Int) {
        self.counters.withLock { $0[worker] = counters }
    }

    var total: Counters {
        counters.withLock { $0.values.reduce(into: Counters(groups: groups)) { $0 += $1 } }
    }
}
