import Logging
import Metrics
import Postgres
import ServiceKit
import ServiceLifecycle

/// Collects the rows of many requests into transactions.
///
/// Batches form by themselves: while a flush is under way the next batch gathers, so a quiet service answers after one
/// round trip and a busy one writes large batches; ``FlushPace`` says when the next flush is worth it. A request is
/// answered once its rows are committed, which takes several transactions where they are of more days than fit into one.
/// When the queue, or an organization's half of it, is full new requests are refused, so memory is bounded.
///
/// What is older than two days has a queue and a flusher of its own: it may need chunks that are not there yet, which
/// takes a hundred times as long as its rows, and live readings wait for none of it.
///
/// A request that no transaction has taken within its patience is taken out of the queue and refused, and never stored
/// after that. One that has been taken is answered when its transaction ends, which has a patience of its own; where the
/// server does not answer in that, the rows may be stored all the same.
final class Batcher: Service {
    /// Takes what became of a request's rows, once.
    typealias Completion = @Sendable (Result<IngestOutcome, any Error>) -> Void

    /// The queue is full, the request has waited too long in it, or the service is stopping: the device should try again.
    struct Busy: Error {}

    private static let recentFlushers = 2
    private static let lateFlushers = 1
    /// So many transactions are under way at once.
    static let flushers = recentFlushers + lateFlushers
    /// How often it is looked who has waited too long: so much longer than its patience a request waits at most.
    private static let overdueInterval = Duration.milliseconds(500)

    private let store: ReadingStore
    private let publisher: BatchPublisher
    private let usage: UsageMeter
    private let logger: Logger
    private let patience: Duration
    private let recent = FlushLane(flushers: recentFlushers)
    private let late = FlushLane(flushers: lateFlushers)
    private let batchRows = Recorder(label: "lms_readings_batch_rows")
    private let flushTime = Timer(label: "lms_readings_flush_duration")

    /// - Parameter patience: How long a request may wait for its transaction to begin.
    init(
        store: ReadingStore, publisher: BatchPublisher, usage: UsageMeter, logger: Logger,
        patience: Duration = PostgresClient.requestPatience
    ) {
        self.store = store
        self.publisher = publisher
        self.usage = usage
        self.logger = logger
        self.patience = patience
    }

    /// Stores the rows of a request, of one device or several; returns after their commit.
    ///
    /// - Throws: ``Busy``, `PostgresError`; then some of the rows may be stored, so that they are duplicates when they come
    ///   again.
    func store(_ devices: [DeviceRows]) async throws -> IngestOutcome {
        let parts = devices.parts(ofDays: FlushBounds.maximumDays)
        guard parts.count > 1 else { return try await enqueue(devices) }
        return try await withThrowingTaskGroup { group in
            for part in parts { group.addTask { try await self.enqueue(part) } }
            return try await group.reduce(into: IngestOutcome()) { $0.add($1) }
        }
    }

    private func enqueue(_ devices: [DeviceRows]) async throws -> IngestOutcome {
        let days = devices.days
        return try await withCheckedThrowingContinuation { continuation in
            enqueue(devices, of: days, trace: RequestTrace.current) { continuation.resume(with: $0) }
        }
    }

    /// Has the rows stored, if they are of few enough days for one transaction.
    ///
    /// - Parameter completion: Called after its commit or failure; at once, with ``Busy``, where the queue is full.
    /// - Returns: Whether they are; if not, `completion` is not called.
    func store(_ rows: DeviceRows, trace: RequestTrace?, completion: @escaping Completion) -> Bool {
        let devices = [rows]
        let days = devices.days
        guard days.count <= FlushBounds.maximumDays else { return false }
        enqueue(devices, of: days, trace: trace, completion: completion)
        return true
    }

    private func enqueue(
        _ devices: [DeviceRows], of days: [Int64], trace: RequestTrace?, completion: @escaping Completion
    ) {
        let request = FlushLane.Request(
            devices: devices, days: days, rowCount: devices.reduce(0) { $0 + $1.count }, trace: trace,
            deadline: .now + patience, completion: completion)
        if !lane(for: days).enqueue(request) { completion(.failure(Busy())) }
    }

    private func lane(for days: [Int64]) -> FlushLane {
        let oldest = UTCDay.of(Timestamp.now.microseconds) - 2
        return days.allSatisfy { $0 >= oldest } ? recent : late
    }

    /// Flushes until the service stops, and then what is left.
    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.refuseOverdue() }
                await self.flushAll()
                group.cancelAll()
            }
        } onCancelOrGracefulShutdown: {
            self.recent.close()
            self.late.close()
        }
    }

    private func flushAll() async {
        async let late: Void = late.run { await self.flush($0, isLate: true) }
        await recent.run { await self.flush($0, isLate: false) }
        await late
    }

    private func refuseOverdue() async {
        for await _ in Rounds(every: Self.overdueInterval) {
            let overdue = recent.takeOverdue() + late.takeOverdue()
            guard !overdue.isEmpty else { continue }
            logger.warning("requests have waited too long", metadata: ["requests": "\(overdue.count)"])
            for request in overdue { request.completion(.failure(Busy())) }
        }
    }

    private func flush(_ batch: [FlushLane.Request], isLate: Bool) async {
        let plan = FlushPlan(batch.flatMap(\.devices))
        let start = ContinuousClock.now
        do {
            // Requests wait for it.
            let (id, inserted) = try await PostgresClient.$patience.withValue(PostgresClient.requestPatience) {
                try await store.store(plan, isLate: isLate)
            }
            flushTime.record(duration: start.duration(to: .now))
            batchRows.record(plan.count)
            // Before the answers: whoever has one is judged by it, and may send what is to be published behind this.
            usage.count(plan.counts(inserted: inserted))
            var stored = plan.stored(batchID: id, inserted: inserted)
            stored.traceparent = batch.lazy.compactMap(\.trace).first?.trace.traceparent
            publisher.publish(stored)
            var outcomes = plan.outcomes(inserted: inserted)[...]
            for request in batch {
                let own = outcomes.prefix(request.devices.count)
                outcomes = outcomes.dropFirst(request.devices.count)
                request.completion(.success(own.reduce(into: IngestOutcome()) { $0.add($1) }))
            }
        } catch let error as PostgresError where !error.isUnavailability && batch.count > 1 {
            // Something in one of the requests is refused: it must not take the others with it.
            logger.warning("a batch was refused; storing its requests one by one", metadata: ["error": "\(error)"])
            for request in batch { await flush([request], isLate: isLate) }
        } catch {
            logger.warning("a batch could not be stored", metadata: ["error": "\(error)", "rows": "\(plan.count)"])
            for request in batch { request.completion(.failure(error)) }
        }
    }
}
