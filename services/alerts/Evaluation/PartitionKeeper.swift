import EventBus
import FoundationEssentials
import Kernel
import Redis

/// Holds this instance's share of the partitions by leases in Redis: the shell around ``PartitionLeases``.
actor PartitionKeeper {
    /// How long a lease lasts, and so how long the readings of a dead instance wait.
    static let leaseDuration = Duration.seconds(5)
    /// How often leases are renewed and shares looked at.
    static let interval = Duration.seconds(1)
    private static let group = Kernel.Service.alerts.rawValue

    private let redis: RedisClient
    private let store: EvaluationStore
    private var leases = PartitionLeases(instance: UUID.v7().text, duration: PartitionKeeper.leaseDuration)
    private var checkpoints: [Int: Checkpoint] = [:]
    private var nextTurn = ContinuousClock.now

    init(redis: RedisClient, store: EvaluationStore) {
        self.redis = redis
        self.store = store
    }

    /// How long until leases are to be looked at again.
    var untilNextTurn: Duration { max(.zero, ContinuousClock.now.duration(to: nextTurn)) }

    /// Where to read on in the partitions that are held now.
    var positions: [Int: Checkpoint] {
        let held = Set(leases.held(at: .now))
        return checkpoints.filter { held.contains($0.key) }
    }

    /// Notes how far the partitions have been evaluated, once that is stored.
    func advanced(to checkpoints: [Int: Checkpoint]) {
        self.checkpoints.merge(checkpoints) { $1 }
    }

    /// Forgets a partition that turned out to be another's.
    func lost(_ partition: Int) {
        leases.lost(partition)
        nextTurn = .now
    }

    /// Renews, takes and gives up leases, when it is time.
    ///
    /// - Parameter release: What is to be done before partitions are given up.
    /// - Throws: `RedisError`, `PostgresError`, and what `release` throws.
    func takeTurn(beforeReleasing release: @Sendable ([Int]) async throws -> Void) async throws {
        guard untilNextTurn == .zero else { return }
        nextTurn = .now.advanced(by: Self.interval)
        let actions = leases.plan(try await survey())
        let released = actions.compactMap { if case .release(let partition) = $0 { partition } else { nil } }
        if !released.isEmpty { try await release(released) }
        try await perform(actions)
        let held = leases.held(at: .now)
        checkpoints = checkpoints.filter { held.contains($0.key) }
        let taken = held.filter { checkpoints[$0] == nil }
        if !taken.isEmpty { advanced(to: try await store.claim(taken)) }
        try await markPositions()
    }

    /// Says by a consumer group up to where each partition's states are stored, so that its stream is not trimmed further.
    /// The group is a mark and nothing else: where to go on is in the database.
    private func markPositions() async throws {
        guard !checkpoints.isEmpty else { return }
        _ = try await redis.pipeline(
            checkpoints.flatMap { partition, checkpoint in
                let stream = StreamName.telemetry(partition)
                // Making a group that is there already is refused, which is as well.
                return [
                    RedisCommand("XGROUP", "CREATE", stream, Self.group, checkpoint.statePosition, "MKSTREAM"),
                    RedisCommand("XGROUP", "SETID", stream, Self.group, checkpoint.statePosition),
                ]
            })
    }

    /// Gives everything up, so that others need not wait for the leases to end.
    func shutDown() async throws {
        try await perform(leases.releaseAll())
        checkpoints = [:]
        _ = try await redis.send(RedisCommand("ZREM", Self.instancesKey, leases.instance))
    }

    // MARK: In Redis

    private static let instancesKey = "lms:alerts:instances"
    private static let leaseKeys = (0..<StreamName.telemetryPartitions).map { "lms:alerts:lease:\($0)" }

    /// Announces this instance for another lease's duration and names all that are alive.
    private static let announce = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
        return redis.call('ZRANGE', KEYS[1], 0, -1)
        """)
    private static let renew = RedisScript(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0")
    private static let release = RedisScript(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")

    private static let leaseMilliseconds = Int(leaseDuration / .milliseconds(1))

    private func survey() async throws -> PartitionLeases.Survey {
        let instances = try await redis.eval(
            Self.announce, keys: [Self.instancesKey], arguments: [leases.instance, Self.leaseMilliseconds])
        let holders = try await redis.mget(Self.leaseKeys)
        return PartitionLeases.Survey(
            instances: (instances.array ?? []).compactMap(\.string),
            holders: holders.map { $0.map { String(decoding: $0, as: UTF8.self) } })
    }

    private func perform(_ actions: [PartitionLeases.Action]) async throws {
        guard !actions.isEmpty else { return }
        let begun = ContinuousClock.now
        let replies = try await redis.pipeline(actions.map(command(for:)))
        for (action, reply) in zip(actions, replies) {
            // SET answers OK or null, the scripts 1 or 0.
            leases.finished(action, succeeded: reply.string == "OK" || reply.integer == 1, begunAt: begun)
        }
    }

    private func command(for action: PartitionLeases.Action) -> RedisCommand {
        switch action {
        case .acquire(let partition):
            .set(Self.leaseKeys[partition], to: leases.instance, .ifAbsent, expiry: Self.leaseDuration)
        case .renew(let partition):
            .eval(
                Self.renew, keys: [Self.leaseKeys[partition]], arguments: [leases.instance, Self.leaseMilliseconds])
        case .release(let partition):
            .eval(Self.release, keys: [Self.leaseKeys[partition]], arguments: [leases.instance])
        }
    }
}
