import FoundationEssentials
import Kernel
import Logging
import Postgres
import Redis
import TestKit
import Testing

@testable import ReadingsService

@Suite struct BatcherTests {
    /// One reading of a series.
    private func rows(_ series: Int64, at time: Timestamp = .now) -> [DeviceRows] {
        var rows = DeviceRows(organizationID: UUID.v7(), deviceID: UUID.v7())
        rows.sensors = [.init(series: Series(id: series, unit: .none, kind: .number), name: "t")]
        rows.sensor = [0]
        rows.times = [time.microseconds]
        rows.values = [1]
        rows.qualities = [2]
        rows.listed = 1
        return [rows]
    }

    /// Runs a batcher on the database for the length of `body`.
    private func withBatcher(
        on database: TestDatabase, patience: Duration, _ body: @Sendable (Batcher, BatchPublisher) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test")
        try await withClient(database.configuration(.readings), connections: 2) { client in
            let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
            let publisher = BatchPublisher(
                redis: redis,
                renewal: AnswerRenewal(store: AnswerStore(redis: redis, lifetime: .zero), logger: logger),
                logger: logger)
            let batcher = Batcher(
                store: ReadingStore(database: client, flushes: client), publisher: publisher,
                usage: UsageMeter(store: UsageStore(database: client), logger: logger), logger: logger,
                patience: patience)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await batcher.run() }
                defer { group.cancelAll() }
                try await body(batcher, publisher)
            }
        }
    }

    @Test func `a request that has waited too long is refused, and not stored when the database goes on`() async throws
    {
        let database = try await ReadingsServer.makeDatabase()
        try await withBatcher(on: database, patience: .seconds(2)) { batcher, _ in
            // The partition is there from now on.
            _ = try await batcher.store(rows(1))
            try await withClient(database.administrator) { administrator in
                func connections(_ condition: SQL) async throws -> Int {
                    try await administrator.query(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND \(condition)"
                    )[0].decode(Int.self, at: 0)
                }
                // One for each transaction, on a single one the second would wait behind the first; and the one on which
                // the partition was made.
                try await eventually { try await connections("usename <> current_user") == 3 }
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

    @Test func `live readings are stored while old ones wait`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        try await withBatcher(on: database, patience: .seconds(30)) { batcher, _ in
            let old = Timestamp.now.adding(days: -100)
            // The partition is there from now on.
            _ = try await batcher.store(rows(0, at: old))
            try await withClient(database.administrator) { administrator in
                let waiting = try await administrator.withTransaction { transaction in
                    // The same keys: whoever wants to store them waits for what becomes of these.
                    try await transaction.query(
                        """
                        INSERT INTO readings.readings (series_id, time, quality, batch_id)
                        SELECT series_id, \(old), 0, 0 FROM generate_series(1, 3) AS series_id
                        """)
                    var waiting: [Task<IngestOutcome, any Error>] = []
                    for series in Int64(1)...3 {
                        waiting.append(Task { try await batcher.store(rows(series, at: old)) })
                    }
                    try await eventually {
                        try await administrator.query(
                            """
                            SELECT FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event_type = 'Lock'
                            """
                        ).count == 1
                    }
                    for series in Int64(4)...13 {
                        #expect(try await batcher.store(rows(series)) == IngestOutcome(accepted: 1))
                    }
                    return waiting
                }
                for request in waiting { #expect(try await request.value == IngestOutcome(accepted: 0, duplicates: 1)) }
            }
        }
    }

    @Test func `what is answered is queued to be published before, so that what is sent behind it follows it`()
        async throws
    {
        let database = try await ReadingsServer.makeDatabase()
        // The publisher does not run: all that it is given waits.
        try await withBatcher(on: database, patience: .seconds(30)) { batcher, publisher in
            for number in 1...20 {
                let waiting = try await withCheckedThrowingContinuation { continuation in
                    let isTaken = batcher.store(rows(Int64(number))[0], trace: nil) { result in
                        continuation.resume(with: result.map { _ in publisher.waiting })
                    }
                    #expect(isTaken)
                }
                #expect(waiting == number)
            }
        }
    }
}
