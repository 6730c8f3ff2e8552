import EventBus
import FoundationEssentials
import Logging
import Postgres
import Redis

/// Evaluates the partitions that this instance holds, from memory: reads their streams in turns, and stores after each how
/// far it has come and what came of it.
///
/// Memory is never ahead of what is stored but by what a replay brings about again: a partition of which a turn cannot be
/// stored is loaded anew, and holds up no other.
actor EvaluationEngine {
    /// How many entries of a partition a turn takes at most.
    static let entriesPerRead = 256
    /// How many alerts begin and end in a turn at most, of all partitions together but for what the last reading of each
    /// brings: they are stored in one transaction, which is to end long before the leases do, behind an outage in which many
    /// have come about, too.
    static let changesPerTurn = 256
    /// How many timers a turn fires at most, of all partitions together: leases are to be renewed in between.
    private static let timersPerTurn = 512
    /// How long it takes at most, once Redis is back, until what was committed meanwhile is in the streams: readings are
    /// given to it again ten seconds after their commit. No timer fires before.
    private static let catchingUp = Duration.seconds(30)
    /// How often it is looked after what no reading tells of: rules, devices, and what people do to alerts.
    private static let watchInterval = Duration.milliseconds(500)
    /// How often what stands is read although nobody has told of a change: that may have been lost.
    static let standingLifetime = Duration.seconds(10)
    /// How long a partition rests that something stored, or to be stored, keeps from being gone on with.
    static let rest = Duration.seconds(5)

    let redis: RedisClient
    let keeper: PartitionKeeper
    let cache: RuleCache
    let states: DeviceStateStore
    let store: EvaluationStore
    let announcer: AlertAnnouncer
    let logger: Logger
    let metrics = EvaluationMetrics()
    let feed: ProfileFeed
    /// From when on devices' changes are yet to be followed.
    var changedSince: Int?
    var partitions: [Int: PartitionState] = [:]
    /// Of the partitions in memory.
    var checkpoints: [Int: Checkpoint] = [:]
    /// Partitions that rest, each with when it is loaded again.
    var resting: [Int: ContinuousClock.Instant] = [:]
    /// Which version of what stands in a partition its memory is of.
    var standing: [Int: [UInt8]?] = [:]
    var nextStanding = ContinuousClock.now
    /// What everything in memory is evaluated by.
    var rules: [UUID: OrganizationRules] = [:]
    var pace = StoringPace()
    private var nextWatch = ContinuousClock.now
    /// How many entries of a partition are read at once: fewer where turns leave most of them.
    private var readLength = EvaluationEngine.entriesPerRead
    /// From when on it is known what time it is in the streams.
    private var firesTimersFrom = ContinuousClock.now

    init(
        redis: RedisClient, keeper: PartitionKeeper, cache: RuleCache, store: EvaluationStore,
        announcer: AlertAnnouncer, logger: Logger
    ) {
        (self.redis, self.keeper, self.cache, self.store) = (redis, keeper, cache, store)
        (self.announcer, self.logger) = (announcer, logger)
        states = DeviceStateStore(database: store.database, logger: logger)
        feed = ProfileFeed(database: store.database)
    }

    /// Evaluates what has come; returns the most entries that a partition had.
    ///
    /// - Throws: `RedisError`, `PostgresError`; then what is in memory is still right, or gone.
    func takeTurn(_ connection: RedisConnection) async throws -> Int {
        try await keeper.takeTurn { _ in try await self.storeAll() }
        try await followLeases()
        guard !partitions.isEmpty else {
            // Nothing is in memory, so there is nothing to wait for but the next look at the leases.
            try await Task.sleep(for: keeper.untilNextTurn)
            return 0
        }
        if ContinuousClock.now >= nextWatch {
            nextWatch = .now + Self.watchInterval
            try await watch()
        }
        return try await evaluate(connection)
    }

    /// Notes that Redis is away.
    func noteOutage() {
        firesTimersFrom = .now + Self.catchingUp
    }

    /// Stores all that is in memory alone, so that whoever takes the partitions need not read anything again, and gives
    /// them up.
    ///
    /// - Throws: `RedisError`.
    func shutDown() async throws {
        do {
            try await storeAll()
        } catch {
            logger.warning("states are left to be followed up", metadata: ["error": "\(error)"])
        }
        forget()
        try await keeper.shutDown()
    }

    func forget() {
        partitions = [:]
        standing = [:]
    }

    private func evaluate(_ connection: RedisConnection) async throws -> Int {
        let begun = Timestamp.now
        let budget = TurnBudget(
            changes: max(1, Self.changesPerTurn / partitions.count),
            timers: max(1, Self.timersPerTurn / partitions.count), firesTimers: ContinuousClock.now >= firesTimersFrom)
        for partition in partitions.keys { partitions[partition]?.begin(budget) }
        let streams = partitions.map {
            (name: StreamName.telemetry($0.key), from: StreamPosition.after($0.value.position))
        }
        let isDue = partitions.values.contains { $0.isTimerDue || $0.isProfileDue }
        let block = isDue ? .zero : min(await keeper.untilNextTurn, Self.watchInterval)
        let read = try await connection.xread(streams, count: readLength, block: block)
        let found = Dictionary(uniqueKeysWithValues: read.map { ($0.stream, $0.entries) })
        var entries: [Int: [StreamEntry]] = [:]
        for partition in partitions.keys { entries[partition] = found[StreamName.telemetry(partition)] ?? [] }
        let left = try await take(entries, isReplay: false)
        let share = max(1, (Self.changesPerTurn - changeCount) / partitions.count)
        for (partition, found) in entries {
            let isBehind = found.count == readLength || left.contains(partition)
            if !isBehind { partitions[partition]?.advance(clock: begun.adding(.zero - PartitionState.publishing)) }
            if !left.contains(partition) { partitions[partition]?.allow(changes: share) }
            partitions[partition]?.fireTimers(by: rules)
            if let state = partitions[partition] { metrics.note(state, partition, isBehind: isBehind) }
        }
        try await storeTurn()
        let most = read.map(\.entries.count).max() ?? 0
        let isBehind = !left.isEmpty || most == readLength
        readLength = left.isEmpty ? min(Self.entriesPerRead, 2 * readLength) : max(1, readLength / 2)
        return isBehind ? Self.entriesPerRead : most
    }

    /// Takes the next entries of partitions, once all is known that they are evaluated by, until as much has come of them
    /// as a turn may store.
    ///
    /// - Parameter isReplay: Whether nothing is to be stored of it, so that there is no end but that of the entries.
    /// - Returns: The partitions of which entries are left.
    @discardableResult
    func take(_ entries: [Int: [StreamEntry]], isReplay: Bool) async throws -> Set<Int> {
        let decoded = entries.mapValues { entries in
            entries.map { entry in (id: entry.id, telemetry: Result { try entry.telemetry }) }
        }
        let readable = decoded.mapValues { $0.compactMap { try? $0.telemetry.get() } }
        try await refresh(readable.values.joined().reduce(into: Set<UUID>()) { $0.formUnion($1.organizations) })
        var missing: [UUID: UUID] = [:]
        for (partition, entries) in readable {
            for entry in entries { partitions[partition]?.addMissing(in: entry, rules, to: &missing) }
        }
        try await loadDevices(missing, isReplay: isReplay)
        if !isReplay { for partition in partitions.keys { partitions[partition]?.takeProfiles(by: rules) } }
        var left = decoded.filter { !$0.value.isEmpty }.mapValues { $0[...] }
        var (count, before) = (changeCount, -1)
        // What some leave of their part is given to those that need more.
        while !left.isEmpty, count < Self.changesPerTurn, count > before {
            let share = max(1, (Self.changesPerTurn - count) / left.count)
            for partition in left.keys {
                if !isReplay { partitions[partition]?.allow(changes: share) }
                while let next = left[partition]?.first,
                    take(next.telemetry, at: next.id, in: partition, isReplay: isReplay)
                {
                    left[partition]?.removeFirst()
                }
            }
            left = left.filter { !$0.value.isEmpty }
            (count, before) = (changeCount, count)
        }
        return Set(left.keys)
    }

    /// How many alerts begin and end in the turn so far.
    private var changeCount: Int { partitions.values.reduce(0) { $0 + $1.changeCount } }

    /// An entry that cannot be read is left out: it would not get better.
    ///
    /// - Returns: Whether it has been taken.
    private func take(
        _ entry: Result<TelemetryEntry, any Error>, at id: StreamID, in partition: Int, isReplay: Bool
    ) -> Bool {
        switch entry {
        case .success(let telemetry):
            let isTaken = partitions[partition]?.take(telemetry, at: id, by: rules, isReplay: isReplay)
            guard isTaken == true else { return false }
        case .failure(let error):
            metrics.unreadable.increment()
            logger.error("a batch cannot be read", metadata: ["entry": "\(id)", "error": "\(error)"])
        }
        partitions[partition]?.advance(to: id)
        return true
    }
}
