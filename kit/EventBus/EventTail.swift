import Kernel
import Logging
import Postgres
import Reactor
import Redis
import ServiceKit
import ServiceLifecycle

/// Tells every instance of every event from now on: for caches in memory, which a consumer group would update in one
/// instance only.
///
/// `established` comes before the first event and again whenever events may have been missed: then the cache must be
/// dropped or read anew.
public struct EventTail: ServiceLifecycle.Service {
    public enum Item: Sendable {
        case established
        case event(Event)
    }

    private static let batchSize = 500
    private static let pace = Duration.milliseconds(50)

    private let streams: [String]
    private let redis: RedisClient
    private let logger: Logger
    private let handler: @Sendable (Item) async -> Void

    /// - Parameter sources: The services whose events are followed.
    public init(
        sources: [Kernel.Service], redis: RedisClient, logger: Logger,
        handler: @escaping @Sendable (Item) async -> Void
    ) {
        streams = sources.map(StreamName.events)
        self.redis = redis
        self.logger = logger
        self.handler = handler
    }

    public func run() async throws {
        await persistently(orSay: "events cannot be followed; trying again", to: logger) { backoff in
            try await redis.withConnection { connection in
                var positions = try await ends(connection)
                backoff.reset()
                await handler(.established)
                var pace = ReadPace(Self.pace)
                while !Task.isCancelled {
                    try await pace.wait()
                    let entries = try await read(&positions, connection)
                    pace.hasRead(entries, ofAtMost: Self.batchSize)
                }
            }
        }
    }

    /// The newest id of each stream, so that nothing is missed between here and the first blocking read.
    private func ends(_ connection: RedisConnection) async throws -> [String: StreamID] {
        var positions: [String: StreamID] = [:]
        for stream in streams { positions[stream] = try await connection.xlast(stream) }
        return positions
    }

    /// Hands on what has come; returns the most entries that a stream had.
    private func read(_ positions: inout [String: StreamID], _ connection: RedisConnection) async throws -> Int {
        let batches = try await connection.xread(
            streams.map { ($0, .after(positions[$0] ?? .zero)) }, count: Self.batchSize, block: .seconds(10))
        for batch in batches {
            for entry in batch.entries {
                positions[batch.stream] = entry.id
                do {
                    await handler(.event(try Event(json: entry["event"] ?? [])))
                } catch {
                    logger.error("an event cannot be read", metadata: ["entry": "\(entry.id)", "error": "\(error)"])
                }
            }
        }
        return batches.map(\.entries.count).max() ?? 0
    }
}
