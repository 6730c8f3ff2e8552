import FoundationEssentials
import Logging
import Metrics
import Postgres
import Redis
import ServiceKit
import ServiceLifecycle

/// Publishes what is in a service's outbox and then deletes it: at least once, in the order of the ids.
///
/// Every instance runs one; an advisory lock lets one of them work at a time, and whoever has just committed takes the
/// next turn, so that an event is out within milliseconds.
public struct OutboxRelay: ServiceLifecycle.Service {
    private static let batchSize = 500
    private static let pollInterval = Duration.seconds(1)

    private let outbox: Outbox
    private let database: PostgresClient
    private let redis: RedisClient
    private let trimmer: StreamTrimmer
    private let logger: Logger
    private let published: Counter

    /// - Parameter retention: How long the streams keep what was published.
    public init(
        outbox: Outbox, database: PostgresClient, redis: RedisClient,
        retention: StreamRetention = .events, logger: Logger
    ) {
        self.outbox = outbox
        self.database = database
        self.redis = redis
        trimmer = StreamTrimmer(redis: redis, retention: retention)
        self.logger = logger
        published = Counter(label: "lms_outbox_published", dimensions: [("source", outbox.source.rawValue)])
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await tick() }
                for await _ in outbox.commits.stream { await drain() }
                group.cancelAll()
            }
        }
        await drain()
    }

    /// What other instances committed, and what was left over, is found at the next tick.
    private func tick() async {
        for await _ in Rounds(every: Self.pollInterval) { outbox.wake() }
    }

    private func drain() async {
        do {
            while try await relayBatch() == Self.batchSize {}
        } catch is CancellationError {
        } catch {
            logger.warning("the outbox could not be relayed; trying again", metadata: ["error": "\(error)"])
        }
    }

    /// - Returns: How many events were published.
    private func relayBatch() async throws -> Int {
        try await database.withTransaction(as: .platform) { transaction in
            let lock = try await transaction.query(
                "SELECT pg_try_advisory_xact_lock(hashtextextended(\("lms outbox " + outbox.source.rawValue), 0))")
            guard try lock.first?.decode(Bool.self, at: 0) == true else { return 0 }
            let rows = try await transaction.query(
                """
                SELECT id, stream, event FROM core.outbox WHERE source = \(outbox.source.rawValue)
                ORDER BY id LIMIT \(Self.batchSize)
                """)
            guard !rows.isEmpty else { return 0 }
            let entries = try rows.map { try $0.decode(UUID.self, String.self, JSONB.self) }
            var commands: [RedisCommand] = []
            for (_, stream, event) in entries {
                commands.append(
                    .xadd(stream, [("event", event.bytes)], trim: try await trimmer.trim(of: stream)))
            }
            let replies = try await redis.pipeline(commands)
            for case .error(let prefix, let message) in replies {
                throw RedisError.server(prefix: prefix, message: message)
            }
            try await transaction.query("DELETE FROM core.outbox WHERE id = ANY(\(entries.map(\.0)))")
            published.increment(by: entries.count)
            return entries.count
        }
    }
}
