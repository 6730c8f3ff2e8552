import Synchronization

/// The requests under way at one copy of a service, of all event loops together. Counted only where they are limited.
final class CopyLoad: Sendable, Equatable {
    private let requests = Atomic<Int>(0)

    /// Takes one of `limit` places, if one is free.
    func take(limit: Int) -> Bool {
        var count = requests.load(ordering: .relaxed)
        while count < limit {
            let (exchanged, original) = requests.weakCompareExchange(
                expected: count, desired: count + 1, ordering: .relaxed)
            if exchanged { return true }
            count = original
        }
        return false
    }

    /// Whether all places are taken now.
    func isFull(limit: Int) -> Bool { requests.load(ordering: .relaxed) >= limit }

    /// Counts so many more, whether or not there are places.
    func add(_ count: Int) { requests.add(count, ordering: .relaxed) }

    /// Gives a place back.
    func leave() { requests.subtract(1, ordering: .relaxed) }

    static func == (one: CopyLoad, other: CopyLoad) -> Bool { one === other }
}
