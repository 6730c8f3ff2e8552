import Logging
import Metrics
import Postgres
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Collects the rows of many requests into transactions.
///
/// Batches form by themselves: while flushes are under way the next batch gathers, so a quiet service answers after one
/// round trip and a busy one writes large batches. A request is answered once its rows are committed, which takes several
/// transactions where they are of more days than fit into one. When the queue is full new requests are refused, so memory
/// is bounded.
final class Batcher: Service {
    /// Takes what became of a request's rows, once.
    typealias Completion = @Sendable (Result<IngestOutcome, any Error>) -> Void

    fileprivate struct Request {
        let rows: DeviceRows
        let days: [Int64]
        let trace: RequestTrace?
        let completion: Completion
    }

    fileprivate struct State {
        var queue: [Request] = []
        var queuedRows = 0
        var idleFlushers: [CheckedContinuation<Void, Never>] = []
        var isClosed = false
    }

    /// The queue is full, or the service is stopping: the device should try again.
    struct Busy: Error {}

    private static let flushers = 2
    private static let maximumQueuedRows = 200_000

    private let store: ReadingStore
    private let publisher: BatchPublisher
    private let logger: Logger
    private let state = Mutex(State())
    private let batchRows = Recorder(label: "lms_readings_batch_rows")
    private let flushTime = Timer(label: "lms_readings_flush_duration")

    init(store: ReadingStore, publisher: BatchPublisher, logger: Logger) {
        self.store = store
        self.publisher = publisher
        self.logger = logger
    }

    /// Stores the rows; returns after their commit.
    ///
    /// - Throws: ``Busy``, `PostgresError`; then some of the rows may be stored, so that they are duplicates when they come
    ///   again.
    func store(_ rows: DeviceRows) async throws -> IngestOutcome {
        let parts = rows.parts(ofDays: FlushBounds.maximumDays)
        guard parts.count > 1 else { return try await enqueue(rows) }
        return try await withThrowingTaskGroup { group in
            for part in parts { group.addTask { try await self.enqueue(part) } }
            return try await group.reduce(into: IngestOutcome()) { $0.add($1) }
        }
    }

    private func enqueue(_ rows: DeviceRows) async throws -> IngestOutcome {
        let days = rows.days
        return try await withCheckedThrowingContinuation { continuation in
            enqueue(rows, of: days, trace: RequestTrace.current) { continuation.resume(with: $0) }
        }
    }

    /// Has the rows stored, if they are of few enough days for one transaction.
    ///
    /// - Parameter completion: Called after its commit or failure; at once, with ``Busy``, where the queue is full.
    /// - Returns: Whether they are; if not, `completion` is not called.
    func store(_ rows: DeviceRows, trace: RequestTrace?, completion: @escaping Completion) -> Bool {
        let days = rows.days
        guard days.count <= FlushBounds.maximumDays else { return false }
        enqueue(rows, of: days, trace: trace, completion: completion)
        return true
    }

    private func enqueue(
        _ rows: DeviceRows, of days: [Int64], trace: RequestTrace?, completion: @escaping Completion
    ) {
        let (isAccepted, flusher) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard !state.isClosed, state.queuedRows + rows.count <= Self.maximumQueuedRows else {
                return (false, nil)
            }
            state.queue.append(Request(rows: rows, days: days, trace: trace, completion: completion))
            state.queuedRows += rows.count
            return (true, state.idleFlushers.popLast())
        }
        flusher?.resume()
        if !isAccepted { completion(.failure(Busy())) }
    }

    /// Flushes until the service stops, and then what is left.
    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for _ in 0..<Self.flushers {
                    group.addTask {
                        while let batch = await self.nextBatch() { await self.flush(batch) }
                    }
                }
            }
        } onCancelOrGracefulShutdown: {
            self.close()
        }
    }

    private func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idleFlushers = [] }
            return state.idleFlushers
        }
        for flusher in idle { flusher.resume() }
    }

    /// Waits for requests; nil when there are none left and none will come.
    private func nextBatch() async -> [Request]? {
        while true {
            let (batch, isClosed) = state.withLock { ($0.takeBatch(), $0.isClosed) }
            if !batch.isEmpty { return batch }
            if isClosed { return nil }
            await withCheckedContinuation { flusher in
                let mustLook = state.withLock { state in
                    guard state.queue.isEmpty, !state.isClosed else { return true }
                    state.idleFlushers.append(flusher)
                    return false
                }
                if mustLook { flusher.resume() }
            }
        }
    }

    private func flush(_ batch: [Request]) async {
        let plan = FlushPlan(batch.map(\.rows))
        let published = publisher.takePublished()
        let start = ContinuousClock.now
        do {
            // Requests wait for it.
            let (id, inserted) = try await PostgresClient.$patience.withValue(PostgresClient.requestPatience) {
                try await store.store(plan, published: published)
            }
            flushTime.record(duration: start.duration(to: .now))
            batchRows.record(plan.count)
            for (request, outcome) in zip(batch, plan.outcomes(inserted: inserted)) {
                request.completion(.success(outcome))
            }
            var stored = plan.stored(batchID: id, inserted: inserted)
            stored.traceparent = batch.lazy.compactMap(\.trace).first?.trace.traceparent
            publisher.publish(stored)
        } catch let error as PostgresError where !error.isUnavailability && batch.count > 1 {
            // Something in one of the requests is refused: it must not take the others with it.
            publisher.putBack(published)
            logger.warning("a batch was refused; storing its requests one by one", metadata: ["error": "\(error)"])
            for request in batch { await flush([request]) }
        } catch {
            publisher.putBack(published)
            logger.warning("a batch could not be stored", metadata: ["error": "\(error)", "rows": "\(plan.count)"])
            for request in batch { request.completion(.failure(error)) }
        }
    }
}

extension Batcher.State {
    mutating func takeBatch() -> [Batcher.Request] {
        var bounds = FlushBounds()
        var end = 0
        while end < queue.count, bounds.take(rows: queue[end].rows.count, days: queue[end].days) {
            queuedRows -= queue[end].rows.count
            end += 1
        }
        guard end < queue.count else {
            defer { queue = [] }
            return queue
        }
        defer { queue.removeFirst(end) }
        return Array(queue[..<end])
    }
}
