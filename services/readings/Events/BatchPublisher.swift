import EventBus
import FoundationEssentials
import Logging
import Redis
import ServiceLifecycle
import Synchronization

/// Publishes what was committed: at once to the live streams that somebody watches, and to alerts and billing what has
/// gathered for a moment. Then the batch's row in `readings.batches` may go, as far as this is concerned.
///
/// A batch that does not get through (Redis away, the queue full, a crash) stays in the table and is published from
/// there by the ``BatchRelay``: at least once, never lost.
final class BatchPublisher: ServiceLifecycle.Service {
    private static let maximumQueued = 64
    /// The pause in which batches gather for alerts and billing. Each entry of a stream costs all who read it about the
    /// same whether it holds one reading or fifty.
    private static let pace = Duration.milliseconds(50)
    /// How many readings may gather.
    private static let maximumGathered = 200_000

    private let live: LiveReadings
    private let telemetry: TelemetryPublisher
    private let renewal: AnswerRenewal
    private let logger: Logger
    private let queue = AsyncStream.makeStream(of: StoredBatch.self, bufferingPolicy: .bufferingOldest(maximumQueued))
    private let gathering = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let state = Mutex(State())

    private struct State {
        /// What screens have been shown, and alerts and billing not been told.
        var gathered: [StoredBatch] = []
        var gatheredReadings = 0
        /// What nobody needs to publish any more.
        var published: [Int64] = []
    }

    init(redis: RedisClient, renewal: AnswerRenewal, logger: Logger) {
        live = LiveReadings(redis: redis)
        telemetry = TelemetryPublisher(redis: redis)
        self.renewal = renewal
        self.logger = logger
    }

    /// Queues a committed batch.
    func publish(_ batch: StoredBatch) {
        queue.continuation.yield(batch)
    }

    /// The batches that have been published since the last call; whoever takes them says so in their rows.
    func takePublished() -> [Int64] {
        state.withLock { state in
            defer { state.published = [] }
            return state.published
        }
    }

    /// Notes batches as published, whose rows do not say so yet: for ``takePublished()``.
    func notePublished(_ ids: [Int64]) {
        state.withLock { $0.published += ids }
    }

    /// Publishes until the service stops, and then what is queued.
    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.publishGathered() }
                await self.showQueued()
                self.gathering.continuation.finish()
            }
        } onCancelOrGracefulShutdown: {
            self.queue.continuation.finish()
        }
    }

    /// - Throws: `RedisError`, `EncodingError`.
    func send(_ batch: StoredBatch) async throws {
        try await show(batch)
        try await telemetry.send([batch])
    }

    private func show(_ batch: StoredBatch) async throws {
        guard !batch.readings.isEmpty else { return }
        renewal.note(batch.counts.keys, batch: batch.id)
        try await live.send(batch)
    }

    private func showQueued() async {
        for await batch in queue.stream {
            do {
                try await show(batch)
                gather(batch)
            } catch {
                leave([batch], because: error)
            }
        }
    }

    private func gather(_ batch: StoredBatch) {
        let isTaken = state.withLock { state in
            guard state.gatheredReadings + batch.readings.count <= Self.maximumGathered else { return false }
            state.gathered.append(batch)
            state.gatheredReadings += batch.readings.count
            return true
        }
        if isTaken { gathering.continuation.yield() }
    }

    private func publishGathered() async {
        var pace = ReadPace(Self.pace)
        for await _ in gathering.stream {
            // Cut short by the end of the service, which leaves nothing behind.
            try? await pace.wait()
            let batches = state.withLock { state in
                defer { (state.gathered, state.gatheredReadings) = ([], 0) }
                return state.gathered
            }
            do {
                try await telemetry.send(batches)
                notePublished(batches.map(\.id))
            } catch {
                leave(batches, because: error)
            }
            pace.hasRead(batches.count, ofAtMost: .max)
        }
    }

    private func leave(_ batches: [StoredBatch], because error: any Error) {
        for batch in batches {
            logger.warning(
                "a batch waits in the table to be published", metadata: ["batch": "\(batch.id)", "error": "\(error)"])
        }
    }
}
