import FoundationEssentials
import Kernel
import Logging
import Postgres
import Redis
import TestKit
import Testing

@testable import ReadingsService

@Suite struct BatcherTests {
    private let time = Timestamp.now.microseconds

    /// One reading of a series.
    private func rows(_ series: Int64) -> [DeviceRows] {
        var rows = DeviceRows(organizationID: UUID.v7(), deviceID: UUID.v7())
        rows.sensors = [.init(series: Series(id: series, unit: .none, kind: .number), name: "t")]
        rows.sensor = [0]
        rows.times = [time]
        rows.values = [1]
        rows.qualities = [2]
        rows.listed = 1
        return [rows]
    }

    /// Runs a batcher on the database for the length of `body`.
    private func withBatcher(
        on database: TestDatabase, patience: Duration, _ body: @Sendable (Batcher) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test")
        try await withClient(database.configuration(.readings), connections: 2) { client in
            let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
            let publisher = BatchPublisher(
                redis: redis,
                renewal: AnswerRenewal(store: AnswerStore(redis: redis, lifetime: .zero), logger: logger),
                logger: logger)
            let batcher = Batcher(
                store: ReadingStore(database: client), publisher: publisher,
                usage: UsageMeter(store: UsageStore(database: client), logger: logger), logger: logger,
                patience: patience)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await batcher.run() }
                defer { group.cancelAll() }
                try await body(batcher)
            }
        }
    }

    @Test func `a request that has waited too long is refused, and not stored when the database goes on`() async throws
    {
        let database = try await ReadingsServer.makeDatabase()
        try await withBatcher(on: database, patience: .seconds(2)) { batcher in
            // The partition is there from now on.
            _ = try await batcher.store(rows(1))
            try await withClient(database.administrator) { administrator in
                func connections(_ condition: SQL) async throws -> Int {
                    try await administrator.query(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND \(condition)"
                    )[0].decode(Int.self, at: 0)
                }
                // One for each transaction: on a single one the second would wait behind the first.
                try await eventually { try await connections("usename <> current_user") == 2 }
                let begun = try await administrator.withTransaction { transaction in
                    try await transaction.query("LOCK TABLE readings.readings IN ACCESS EXCLUSIVE MODE")
                    var begun: [Task<IngestOutcome, any Error>] = []
                    // As many transactions as there are at once.
                    for series in Int64(2)...3 {
                        begun.append(Task { try await batcher.store(rows(series)) })
                        try await eventually { try await connections("wait_event_type = 'Lock'") == begun.count }
                    }
                    await #expect(throws: Batcher.Busy.self) { try await batcher.store(rows(4)) }
                    return begun
                }
                for request in begun { #expect(try await request.value == IngestOutcome(accepted: 1)) }
                let stored = try await administrator.query("SELECT series_id FROM readings.readings ORDER BY series_id")
                let series = try stored.map { try $0.decode(Int.self, at: 0) }
                #expect(series == [1, 2, 3])
                // Whoever sends again has it stored, and not for the second time.
                #expect(try await batcher.store(rows(4)) == IngestOutcome(accepted: 1))
            }
        }
    }
}
