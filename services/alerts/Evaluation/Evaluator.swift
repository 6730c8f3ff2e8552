import EventBus
import Logging
import Postgres
import Reactor
import Redis
import ServiceKit
import ServiceLifecycle

/// Reads this instance's share of the telemetry and evaluates it, in order and from where the last holder stopped.
struct Evaluator: ServiceLifecycle.Service {
    /// How many entries of a partition one transaction takes at most.
    private static let entriesPerRead = 16
    /// The pause between reads in which readings gather.
    private static let pace = Duration.milliseconds(20)

    private let redis: RedisClient
    private let logger: Logger
    private let keeper: PartitionKeeper
    private let evaluator: BatchEvaluator

    init(redis: RedisClient, keeper: PartitionKeeper, evaluator: BatchEvaluator, logger: Logger) {
        self.redis = redis
        self.keeper = keeper
        self.evaluator = evaluator
        self.logger = logger
    }

    func run() async throws {
        await persistently(orSay: "readings wait to be evaluated", to: logger) { backoff in
            try await redis.withConnection { connection in
                var pace = ReadPace(Self.pace)
                while !Task.isCancelled {
                    try await pace.wait()
                    pace.hasRead(try await takeTurn(connection), ofAtMost: Self.entriesPerRead)
                    backoff.reset()
                }
            }
        }
        do {
            try await keeper.shutDown()
        } catch {
            logger.warning("leases were left to end by themselves", metadata: ["error": "\(error)"])
        }
    }

    /// Evaluates what has come; returns the most entries that a partition had.
    private func takeTurn(_ connection: RedisConnection) async throws -> Int {
        try await keeper.takeTurn()
        let positions = await keeper.positions
        guard !positions.isEmpty else {
            try await Task.sleep(for: keeper.untilNextTurn)
            return 0
        }
        let streams = positions.map {
            (name: StreamName.telemetry($0.key), from: StreamPosition.after($0.value.position))
        }
        let read = try await connection.xread(
            streams, count: Self.entriesPerRead, block: await keeper.untilNextTurn)
        if !read.isEmpty { try await evaluate(read, from: positions) }
        return read.map(\.entries.count).max() ?? 0
    }

    private func evaluate(_ read: [StreamEntries], from positions: [Int: Checkpoint]) async throws {
        let byStream = Dictionary(uniqueKeysWithValues: read.map { ($0.stream, $0.entries) })
        var checkpoints: [Int: Checkpoint] = [:]
        for (partition, checkpoint) in positions {
            guard let last = byStream[StreamName.telemetry(partition)]?.last else { continue }
            checkpoints[partition] = Checkpoint(position: last.id, epoch: checkpoint.epoch)
        }
        do {
            try await evaluator.evaluate(read.flatMap(\.entries), then: checkpoints)
            await keeper.advanced(to: checkpoints)
        } catch is PartitionLost {
            await keeper.lost(checkpoints.keys)
        }
    }
}
