import Logging
import Postgres
import ServiceLifecycle

/// Publishes batches that were committed and then not published: after a crash, or while Redis was away. Also deletes
/// the rows of published batches when no flush comes by to do it.
struct BatchRelay: ServiceLifecycle.Service {
    private static let interval = Duration.seconds(1)
    /// A batch younger than this is still in the hands of whoever committed it.
    private static let age = Duration.seconds(10)
    private static let batchesPerTurn = 20

    let store: ReadingStore
    let publisher: BatchPublisher
    let database: PostgresClient
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await turn()
                try? await Task.sleep(for: Self.interval)
            }
        }
        await forgetPublished()
    }

    private func turn() async {
        await forgetPublished()
        do {
            while try await publishLeftovers() == Self.batchesPerTurn {}
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
            publisher.putBack(ids)
        }
    }

    /// One instance at a time, by advisory lock.
    private func publishLeftovers() async throws -> Int {
        try await database.withTransaction(as: .platform) { transaction in
            let lock = try await transaction.query(
                "SELECT pg_try_advisory_xact_lock(hashtextextended('lms readings relay', 0))")
            guard try lock.first?.decode(Bool.self, at: 0) == true else { return 0 }
            let ids = try await store.unpublished(olderThan: Self.age, limit: Self.batchesPerTurn, transaction)
            for id in ids {
                try await publisher.send(try await store.read(id, transaction))
                try await transaction.query("DELETE FROM readings.batches WHERE id = \(id)")
            }
            return ids.count
        }
    }
}
