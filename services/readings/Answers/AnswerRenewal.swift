import FoundationEssentials
import Logging
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Has the answers of organizations computed anew of which something was stored or deleted: once a second, so that under
/// a stream of batches an answer still serves for that long.
final class AnswerRenewal: Service {
    private static let interval = Duration.seconds(1)

    private let store: AnswerStore
    private let logger: Logger
    /// The newest batch, or a deletion, of each organization since the last time.
    private let stored = Mutex<[UUID: Int64]>([:])

    init(store: AnswerStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Notes what a batch is of that has been committed.
    func note(_ organizations: some Sequence<UUID>, batch: Int64) {
        stored.withLock { stored in
            for organization in organizations { stored[organization] = batch }
        }
    }

    /// Notes that something of the organization was deleted, as by a batch that there will never be.
    func noteDeletion(of organization: UUID) {
        note(CollectionOfOne(organization), batch: .random(in: .min..<0))
    }

    func run() async throws {
        await periodically(every: Self.interval, orSay: "answers could not be renewed; trying again", to: logger) {
            try await self.renew()
        }
    }

    /// - Throws: `RedisError`; then it is done the next time.
    func renew() async throws {
        let generations = stored.withLock { stored in
            defer { stored = [:] }
            return stored
        }
        guard !generations.isEmpty else { return }
        do {
            try await store.begin(generations)
        } catch {
            stored.withLock { $0.merge(generations) { newer, _ in newer } }
            throw error
        }
    }
}
