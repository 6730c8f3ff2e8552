import EventBus
import FoundationEssentials
import Logging
import Redis
import ServiceLifecycle
import Synchronization

/// Publishes what was committed: at once to the live streams that somebody watches, and to alerts and billing what has
/// gathered for a moment. Then the batch's row in `readings.batches` may go, as far as this is concerned.
///
/// In the order in which batches are queued, so that what a device sends behind an answer comes behind what was answered.
///
/// A batch that does not get through (Redis away, too many waiting, a crash) stays in the table and is published from
/// there by the ``BatchRelay``: at least once, never lost.
final class BatchPublisher: ServiceLifecycle.Service {
    /// The pause in which batches gather for alerts and billing. Each entry of a stream costs all who read it about the
    /// same whether it holds one reading or fifty.
    private static let pace = Duration.milliseconds(50)
    /// How many readings may wait.
    private static let maximumWaiting = 200_000

    private let live: LiveReadings
    private let telemetry: TelemetryPublisher
    private let renewal: AnswerRenewal
    private let logger: Logger
    private let queue = AsyncStream.makeStream(of: StoredBatch.self)
    private let gathering = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let state = Mutex(State())

    private struct State {
        /// Readings of batches that are queued or gathered.
        var waiting = 0
        /// What screens have been shown, and alerts and billing not been told.
        var gathered: [StoredBatch] = []
        /// What nobody needs to publish any more.
        var published: [Int64] = []
    }

    init(redis: RedisClient, renewal: AnswerRenewal, logger: Logger) {
        live = LiveReadings(redis: redis)
        telemetry = TelemetryPublisher(redis: redis)
        self.renewal = renewal
        self.logger = logger
    }

    /// Readings that wait to be published.
    var waiting: Int { state.withLock(\.waiting) }

    /// Queues a committed batch, if there is room for it.
    func publish(_ batch: StoredBatch) {
        let isTaken = state.withLock { state in
            guard state.waiting + batch.weight <= Self.maximumWaiting else { return false }
            state.waiting += batch.weight
            return true
        }
        if isTaken { queue.continuation.yield(batch) }
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
                end([batch])
            }
        }
    }

    private func gather(_ batch: StoredBatch) {
        state.withLock { $0.gathered.append(batch) }
        gathering.continuation.yield()
    }

    private func publishGathered() async {
        var pace = ReadPace(Self.pace)
        for await _ in gathering.stream {
            // Cut short by the end of the service, which leaves nothing behind.
            try? await pace.wait()
            let batches = state.withLock { state in
                defer { state.gathered = [] }
                return state.gathered
            }
            do {
                try await telemetry.send(batches)
                notePublished(batches.map(\.id))
            } catch {
                leave(batches, because: error)
            }
            end(batches)
            pace.hasRead(batches.count, ofAtMost: .max)
        }
    }

    /// They wait no more.
    private func end(_ batches: [StoredBatch]) {
        let weight = batches.reduce(0) { $0 + $1.weight }
        state.withLock { $0.waiting -= weight }
    }

    private func leave(_ batches: [StoredBatch], because error: any Error) {
        for batch in batches {
            logger.warning(
                "a batch waits in the table to be published", metadata: ["batch": "\(batch.id)", "error": "\(error)"])
        }
    }
}

extension StoredBatch {
    /// What it counts for among those that wait; one whose readings were all there already is not for nothing.
    fileprivate var weight: Int { max(1, readings.count) }
}
