import Synchronization

/// Whether readings that are there already have come lately, so that more of them are likely.
final class RecentDuplicates: Sendable {
    private static let memory = Duration.seconds(10)

    private let last = Mutex<ContinuousClock.Instant?>(nil)

    var areLikely: Bool { last.withLock { $0.map { $0.duration(to: .now) < Self.memory } ?? false } }

    func note() { last.withLock { $0 = .now } }
}
