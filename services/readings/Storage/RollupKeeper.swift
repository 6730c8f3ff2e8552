import Logging
import Metrics
import Postgres
import ServiceKit
import ServiceLifecycle

/// Keeps the rollups up with the readings, a few seconds behind those that come late.
struct RollupKeeper: Service {
    private static let interval = Duration.seconds(3)
    /// An hour is computed so long after its end, when what devices send without delay has arrived, so that hardly any is
    /// computed twice.
    private static let delay = Duration.seconds(60)
    private static let walkSteps = 100

    private let store: RollupStore
    private let logger: Logger
    private let staleHours = Gauge(label: "lms_readings_stale_hours")
    private let rolledUp = Counter(label: "lms_readings_hours_rolled_up")

    init(store: RollupStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    func run() async throws {
        await periodically(
            every: Self.interval, orSay: "rollups are not kept up; trying again", to: logger, round)
        do {
            // What the last flushes stored waits for nobody, in case this was the last copy.
            _ = try await noteAll()
        } catch {
            logger.debug("batches were not noted", metadata: ["error": "\(error)"])
        }
    }

    /// Does what there is to do, or what is left of it by another instance that is at it.
    ///
    /// - Throws: `PostgresError`.
    @Sendable func round() async throws {
        let end = Self.lastEnd(before: .now)
        staleHours.record(try await store.staleHours(before: end))
        guard try await noteAll(), try await rollUpAll(before: end) else { return }
        // What is marked is computed before more is, so that marks are few however many readings there were.
        for _ in 0..<Self.walkSteps {
            guard let mayBeMore = try await store.markEarlierHours() else { return }
            guard mayBeMore else { return try await store.advance(to: end) }
            guard try await rollUpAll(before: end) else { return }
        }
    }

    /// The end of the last hour that is to be computed.
    static func lastEnd(before now: Timestamp) -> Timestamp {
        ReadingSource.hours.floor(now.adding(.zero - delay))
    }

    /// - Returns: False when another instance is at it.
    private func noteAll() async throws -> Bool {
        while let look = try await store.noteBatches() {
            guard look.isFull else { return true }
        }
        return false
    }

    /// What cannot be computed in time is tried again with fewer hours at once, so that sensors with very many readings do
    /// not keep all others from their rollups.
    ///
    /// - Returns: False when another instance is at it.
    private func rollUpAll(before end: Timestamp) async throws -> Bool {
        var limit = RollupStore.hoursPerTurn
        while true {
            do {
                guard let count = try await store.rollUp(before: end, limit: limit) else { return false }
                guard count > 0 else { return true }
                rolledUp.increment(by: count)
            } catch let error as PostgresError
                where error.sqlState == .queryCanceled && limit > 1 && !Task.isCancelled
            {
                limit = max(1, limit / 10)
            }
        }
    }
}
