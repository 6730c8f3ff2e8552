import Logging
import Postgres
import Redis
import ServiceLifecycle

/// Publishes batches that were committed and then not published: after a crash, or while Redis was away. Also says once a
/// second which were published.
struct BatchRelay: ServiceLifecycle.Service {
    private static let interval = Duration.seconds(1)
    /// A batch younger than this is still in the hands of whoever committed it.
    private static let age = Duration.seconds(10)
    private static let batchesPerTurn = 20

    let store: ReadingStore
    let leftovers: LeftoverBatches
    let publisher: BatchPublisher
    let database: PostgresClient
    let logger: Logger
    private let watermark = Watermark()

    init(
        store: ReadingStore, leftovers: LeftoverBatches, publisher: BatchPublisher, database: PostgresClient,
        logger: Logger
    ) {
        self.store = store
        self.leftovers = leftovers
        self.publisher = publisher
        self.database = database
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var putOff = PutOffBatches()
            while !Task.isCancelled {
                await turn(&putOff)
                try? await Task.sleep(for: Self.interval)
            }
        }
        await forgetPublished()
    }

    private func turn(_ putOff: inout PutOffBatches) async {
        await forgetPublished()
        do {
            // What is published meanwhile must not be found among what is left.
            while try await publishLeftovers(&putOff) { await forgetPublished() }
        } catch is CancellationError {
        } catch {
            logger.debug("batches could not be relayed", metadata: ["error": "\(error)"])
        }
    }

    private func forgetPublished() async {
        let ids = publisher.takePublished()
        guard !ids.isEmpty else { return }
        do {
            try await store.forget(ids)
        } catch {
            // Their rows are still to say so.
            publisher.notePublished(ids)
        }
    }

    /// - Returns: Whether there may be more.
    /// - Throws: What will not go better with the next batch.
    private func publishLeftovers(_ putOff: inout PutOffBatches) async throws -> Bool {
        let look = try await watermark.look { start in
            let (now, batches) = try await leftovers.list(
                from: start, olderThan: Self.age, except: putOff.ids(at: .now), limit: Self.batchesPerTurn)
            for batch in batches {
                do {
                    guard try await publish(batch.id) else { return nil }
                    putOff.forget(batch.id)
                } catch let error where Self.isOfTheBatch(error) {
                    let pause = putOff.putOff(batch, at: .now)
                    logger.warning(
                        "a batch could not be published; the others go on",
                        metadata: ["batch": "\(batch.id)", "error": "\(error)", "again_in": "\(pause)"])
                }
            }
            return Watermark.Look(
                time: now, found: batches, isFull: batches.count == Self.batchesPerTurn, oldestLeft: putOff.oldest)
        }
        return look?.isFull ?? false
    }

    /// One instance at a time, by advisory lock, in a transaction of the batch's own.
    ///
    /// - Returns: False when it is another instance's turn.
    private func publish(_ id: Int64) async throws -> Bool {
        try await database.withTransaction(as: .platform) { transaction in
            let lock = try await transaction.query(
                "SELECT pg_try_advisory_xact_lock(hashtextextended('lms readings relay', 0))")
            guard try lock.first?.decode(Bool.self, at: 0) == true else { return false }
            guard let batch = try await leftovers.read(id, transaction) else { return true }
            try await publisher.send(batch)
            try await leftovers.forget(id, transaction)
            return true
        }
    }

    private static func isOfTheBatch(_ error: any Error) -> Bool {
        switch error {
        case is CancellationError: false
        case let error as PostgresError: !error.isUnavailability
        case let error as RedisError: !error.isConnectionFailure
        default: true
        }
    }
}
