import Logging
import Reactor
import Redis
import ServiceKit
import ServiceLifecycle

/// Follows the live streams of all watched organizations with one blocking read, and hands what comes to their sockets.
struct LiveTail: ServiceLifecycle.Service {
    private static let batchSize = 500
    private static let patience = Duration.seconds(10)
    private static let renewal = Duration.seconds(60)
    private static let tickInterval = Duration.milliseconds(100)

    let rooms: LiveRooms
    /// Gets an entry whenever there is another stream to read.
    let wakeStream: String
    let redis: RedisClient
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await follow() }
                group.addTask { await every(Self.renewal) { try? await rooms.renew() } }
                group.addTask { await every(Self.tickInterval) { await rooms.tick(at: .now) } }
            }
        }
    }

    private func follow() async {
        await persistently(orSay: "live streams cannot be followed; trying again", to: logger) { backoff in
            try await redis.withConnection { connection in
                // Whatever happened to Redis meanwhile, the keys must stand before anything is read.
                try await rooms.renew()
                backoff.reset()
                var wakePosition = StreamID.zero
                while !Task.isCancelled { try await read(after: &wakePosition, connection) }
            }
        }
    }

    private func read(after wakePosition: inout StreamID, _ connection: RedisConnection) async throws {
        let reads = await rooms.reads + [(wakeStream, .after(wakePosition))]
        for batch in try await connection.xread(reads, count: Self.batchSize, block: Self.patience) {
            if batch.stream == wakeStream {
                wakePosition = batch.entries.last?.id ?? wakePosition
                continue
            }
            for entry in batch.entries {
                guard let fanOut = await rooms.advance(batch.stream, to: entry.id) else { continue }
                await fanOut.publish(.entry(LiveEntry(entry)))
            }
        }
    }

    private func every(_ interval: Duration, _ body: () async -> Void) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: interval)
            await body()
        }
    }
}
