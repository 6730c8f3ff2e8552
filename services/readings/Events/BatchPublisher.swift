import EventBus
import FoundationEssentials
import Kernel
import Logging
import Postgres
import Redis
import ServiceLifecycle
import Synchronization

/// Publishes what was committed: to the partition streams for alerts, to billing, and to the live streams that somebody
/// watches. Then the batch's row in `readings.batches` may go, as far as this is concerned.
///
/// A batch that does not get through (Redis away, the queue full, a crash) stays in the table and is published from
/// there by the ``BatchRelay``: at least once, never lost.
final class BatchPublisher: ServiceLifecycle.Service {
    private static let maximumQueued = 64

    private let redis: RedisClient
    private let renewal: AnswerRenewal
    private let logger: Logger
    private let telemetryTrimmer: StreamTrimmer
    private let usageTrimmer: StreamTrimmer
    private let queue = AsyncStream.makeStream(of: StoredBatch.self, bufferingPolicy: .bufferingOldest(maximumQueued))
    private let published = Mutex<[Int64]>([])

    init(redis: RedisClient, renewal: AnswerRenewal, logger: Logger) {
        self.redis = redis
        self.renewal = renewal
        self.logger = logger
        telemetryTrimmer = StreamTrimmer(redis: redis, retention: .readings)
        usageTrimmer = StreamTrimmer(redis: redis, retention: .events)
    }

    /// Queues a committed batch.
    func publish(_ batch: StoredBatch) {
        queue.continuation.yield(batch)
    }

    /// The batches that have been published since the last call; whoever takes them says so in their rows.
    func takePublished() -> [Int64] {
        published.withLock { ids in
            defer { ids = [] }
            return ids
        }
    }

    /// Batches of which that could not be said now.
    func putBack(_ ids: [Int64]) {
        published.withLock { $0 += ids }
    }

    /// Publishes until the service stops, and then what is queued.
    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            for await batch in queue.stream {
                do {
                    try await send(batch)
                    putBack([batch.id])
                } catch {
                    logger.warning(
                        "a batch waits in the table to be published",
                        metadata: ["batch": "\(batch.id)", "error": "\(error)"])
                }
            }
        } onCancelOrGracefulShutdown: {
            self.queue.continuation.finish()
        }
    }

    /// - Throws: `RedisError`, `EncodingError`.
    func send(_ batch: StoredBatch) async throws {
        guard !batch.readings.isEmpty else { return }
        let organizations = Array(batch.counts.keys)
        renewal.note(organizations, batch: batch.id)
        // The usage goes first: if anything fails the whole batch is sent again, and billing knows batches by their id.
        var commands = [try await usage(of: batch)]
        for entry in TelemetryEntry.entries(for: batch) {
            let stream = StreamName.telemetry(entry.partition)
            commands.append(
                .xadd(stream, [("batch", entry.json)], trim: try await telemetryTrimmer.trim(of: stream)))
        }
        // Asked after the commit, so a screen that was told hello before it is seen here.
        commands += organizations.map { RedisCommand("EXISTS", StreamName.watch($0)) }
        let replies = try await redis.pipeline(commands)
        for case .error(let prefix, let message) in replies {
            throw RedisError.server(prefix: prefix, message: message)
        }
        let watched = zip(organizations, replies.suffix(organizations.count)).filter { $0.1.integer == 1 }.map(\.0)
        guard !watched.isEmpty else { return }
        let frames = LiveReading.frames(of: batch, for: Set(watched))
        _ = try await redis.pipeline(frames.map { LiveStream.publish(.reading, $0.value, to: $0.key) })
    }

    private func usage(of batch: StoredBatch) async throws -> RedisCommand {
        let counts = batch.counts.map { UsageRecorded.Count(organizationID: $0.key.text, readings: $0.value) }
        let event = try Event(
            source: .readings, type: "usage.recorded", subject: "\(batch.id)", subjectVersion: 1, organizationID: nil,
            traceparent: batch.traceparent, data: UsageRecorded(batchID: batch.id, organizations: counts))
        let stream = StreamName.events(.readings)
        return .xadd(stream, [("event", event.json)], trim: try await usageTrimmer.trim(of: stream))
    }
}

/// The data of `usage.recorded`: the readings that a batch stored, per organization. Billing counts a batch once.
private struct UsageRecorded: Encodable {
    struct Count: Encodable {
        let organizationID: String
        let readings: Int

        enum CodingKeys: String, CodingKey {
            case organizationID = "organization_id"
            case readings
        }
    }

    let batchID: Int64
    let organizations: [Count]

    enum CodingKeys: String, CodingKey {
        case batchID = "batch_id"
        case organizations
    }
}
