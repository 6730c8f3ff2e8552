/// Which partitions of the telemetry an instance holds, and what it does to hold its fair share and no more.
///
/// A lease ends by itself unless it is renewed, so that what a dead instance held comes free. Instances share by their
/// rank among those alive: every partition has its place, and nobody holds more than one above anybody else.
struct PartitionLeases: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum Action: Sendable, Hashable {
        case acquire(Int)
        case renew(Int)
        case release(Int)
    }

    /// What everybody holds, as seen at one moment.
    struct Survey: Sendable {
        /// The instances alive.
        var instances: [String]
        /// The holder of each partition; nil for one that is free.
        var holders: [String?]
    }

    let instance: String
    let duration: Duration
    /// When each lease held ends, unless it is renewed before.
    private var ends: [Int: Instant] = [:]

    /// - Parameters:
    ///   - instance: This instance's name, which no other has.
    ///   - duration: How long a lease lasts.
    init(instance: String, duration: Duration) {
        self.instance = instance
        self.duration = duration
    }

    /// The partitions that are surely held at `now`, in order.
    func held(at now: Instant) -> [Int] {
        ends.filter { now < $0.value }.keys.sorted()
    }

    /// What to do after a survey: keep what is held up to the share, give up what is above it, take what is free.
    mutating func plan(_ survey: Survey) -> [Action] {
        ends = ends.filter { survey.holders[$0.key] == instance }
        let share = share(survey)
        let held = ends.keys.sorted()
        let free = freePartitions(survey).prefix(max(0, share - held.count))
        return held.prefix(share).map(Action.renew) + held.dropFirst(share).map(Action.release)
            + free.map(Action.acquire)
    }

    /// Notes how an action ended that was begun at `time`.
    mutating func finished(_ action: Action, succeeded: Bool, begunAt time: Instant) {
        switch action {
        case .acquire(let partition), .renew(let partition):
            ends[partition] = succeeded ? time.advanced(by: duration) : nil
        case .release(let partition):
            ends[partition] = nil
        }
    }

    /// Forgets a partition that turned out to be another's.
    mutating func lost(_ partition: Int) {
        ends[partition] = nil
    }

    /// What gives everything up, at shutdown.
    func releaseAll() -> [Action] {
        ends.keys.sorted().map(Action.release)
    }

    private func share(_ survey: Survey) -> Int {
        let instances = Set(survey.instances).union([instance]).sorted()
        let rank = instances.firstIndex(of: instance) ?? 0
        let (least, rest) = survey.holders.count.quotientAndRemainder(dividingBy: instances.count)
        return least + (rank < rest ? 1 : 0)
    }

    private func freePartitions(_ survey: Survey) -> [Int] {
        survey.holders.indices.filter { survey.holders[$0] == nil }
    }
}
