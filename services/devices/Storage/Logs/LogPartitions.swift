import Postgres
import Synchronization

/// The weekly partitions of `devices.logs`, which are made a week ahead, and dropped once all in them is too old.
final class LogPartitions: Sendable {
    /// For how long what was made ahead suffices, with a day to spare.
    private static let sufficiency = Duration.seconds(6 * 86_400)

    private let database: PostgresClient
    private let madeAt = Mutex<Timestamp?>(nil)

    init(database: PostgresClient) {
        self.database = database
    }

    /// Sees to it that what is logged now finds its partition.
    ///
    /// - Throws: `PostgresError`.
    func ensure(at now: Timestamp = .now) async throws {
        if let madeAt = madeAt.withLock(\.self), now < madeAt.adding(Self.sufficiency) { return }
        try await make()
    }

    /// Makes those that are missing and drops those that are too old. Any number of instances may.
    ///
    /// - Throws: `PostgresError`.
    func keep() async throws {
        try await make()
        _ = try await database.query("SELECT devices.drop_log_partitions()")
    }

    private func make() async throws {
        let now = Timestamp.now
        _ = try await database.query("SELECT devices.make_log_partitions()")
        madeAt.withLock { $0 = now }
    }
}
