import Logging
import Postgres
import ServiceKit
import ServiceLifecycle
import Synchronization

/// The weekly partitions of `readings.readings` that are known to exist; what is missing is made before rows go in.
/// On TimescaleDB, which makes its own chunks, the function in the database does nothing.
final class Partitions: Sendable {
    private static let week: Int64 = 604_800_000_000

    private let database: PostgresClient
    private let known = Mutex<Set<Int64>>([])

    init(database: PostgresClient) {
        self.database = database
    }

    /// - Throws: `PostgresError`.
    func ensure(for times: [Timestamp]) async throws {
        var weeks: Set<Int64> = []
        for time in times { weeks.insert(time.microseconds / Self.week) }
        let missing = known.withLock { weeks.subtracting($0) }
        guard !missing.isEmpty else { return }
        // It may wait for locks, and nobody is to wait behind it.
        try await database.withTransaction { transaction in
            _ = try await transaction.query("SELECT readings.ensure_partitions(\(missing.sorted()))")
        }
        known.withLock { $0.formUnion(missing) }
    }

    /// Inserts rows of these times by `body`, in whose way there is no missing partition.
    ///
    /// What is known to be there another process may have dropped since, as nobody kept readings that old: then it is made
    /// again, and `body` runs once more.
    ///
    /// - Throws: What `body` throws, or `PostgresError`.
    func withPartitions<Value: Sendable>(
        for times: [Timestamp], _ body: () async throws -> Value
    ) async throws -> Value {
        try await ensure(for: times)
        do {
            return try await body()
        } catch let error as PostgresError where error.sqlState == .checkViolation {
            // The table has no other check than that a row has its partition.
            known.withLock { $0.subtract(times.map { $0.microseconds / Self.week }) }
            try await ensure(for: times)
            return try await body()
        }
    }

    /// Makes the partitions of this week and the next.
    ///
    /// - Throws: `PostgresError`.
    func makeAhead() async throws {
        try await ensure(for: [.now, .now.adding(.seconds(7 * 86400))])
    }
}

/// Makes partitions before rows need them: at the start, and then every hour.
struct PartitionKeeper: Service {
    private static let interval = Duration.seconds(3600)

    let store: ReadingStore
    let logger: Logger

    func run() async throws {
        await periodically(
            every: Self.interval, orSay: "partitions could not be made ahead", to: logger, store.makePartitionsAhead)
    }
}
