import FoundationEssentials
import Logging
import Metrics
import Postgres
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Says whose readings may be taken, and counts what is stored.
///
/// A request is judged from memory. Once a second, what was stored meanwhile is added to the tables, and how the
/// organizations in use stand with that, all instances together, is read back: so instances learn of each other's counts
/// and of changed limits within about a second, and a limit is overrun by what comes in that time and what is on its way
/// into the database. The counts that an instance has not sent when it dies are missing, in the organization's favour.
final class UsageMeter: Service {
    private static let interval = Duration.seconds(1)

    private let store: UsageStore
    private let logger: Logger
    private let ledger = Mutex(UsageLedger())
    /// The questions about organizations that are not known, one at a time of each: who asks meanwhile waits for its answer.
    let lookups = SingleFlight<UUID, Void>()

    init(store: UsageStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Whether the organization is known to be allowed to send, without asking anybody.
    func allows(_ organization: UUID) -> Bool {
        ledger.withLock { $0.standing(of: organization, at: .now) } == .allowed
    }

    /// Lets a request through whole, also one that goes over the limit, or refuses it whole.
    ///
    /// - Throws: ``IngestRefusal``; `PostgresError` where the organization is not known and cannot be asked for.
    func admit(_ organization: UUID) async throws {
        switch ledger.withLock({ $0.standing(of: organization, at: .now) }) {
        case .allowed: return
        case .refused(let refusal): throw refused(refusal)
        case .unknown: break
        }
        try await lookups.value(for: organization) { try await learn(organization) }
        let standing = ledger.withLock { $0.standing(of: organization, at: .now) }
        if case .refused(let refusal) = standing { throw refused(refusal) }
    }

    private func learn(_ organization: UUID) async throws {
        guard let report = try await store.exchange([organization: 0])[organization] else { return }
        ledger.withLock { $0.learn(report, of: organization, at: .now) }
    }

    private func refused(_ refusal: IngestRefusal) -> IngestRefusal {
        Counter(label: "lms_readings_refused", dimensions: [("limit", refusal.limitName)]).increment()
        return refusal
    }

    /// Counts what has been committed, so many rows of each organization.
    func count(_ stored: [UUID: Int]) {
        ledger.withLock { $0.add(stored, at: .now) }
    }

    /// Exchanges counts until the service stops, and then once more.
    func run() async throws {
        await periodically(every: Self.interval, orSay: "usage could not be exchanged; trying again", to: logger) {
            try await self.exchange()
        }
        await finish()
    }

    private func finish() async {
        do {
            try await exchange()
        } catch {
            logger.debug("the last usage could not be sent", metadata: ["error": "\(error)"])
        }
    }

    /// Adds what was stored since the last time to the tables, and learns how the organizations in use stand.
    ///
    /// - Throws: `PostgresError`.
    func exchange() async throws {
        let counts = ledger.withLock { $0.send(at: .now) }
        do {
            let reports = try await store.exchange(counts)
            ledger.withLock { $0.finish(reports, at: .now) }
        } catch {
            let mayBeAdded =
                switch (error as? PostgresError)?.kind {
                case .connectionLost, .timedOut: true
                default: error is CancellationError
                }
            ledger.withLock { $0.fail(counts.keys, mayBeAdded: mayBeAdded) }
            throw error
        }
    }
}
