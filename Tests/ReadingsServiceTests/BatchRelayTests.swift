import EventBus
import FoundationEssentials
import Kernel
import Logging
import Postgres
import Redis
import TestKit
import Testing

@testable import ReadingsService

/// What the relay publishes while batches are published beside it; each test has a database that no service works on.
struct BatchRelayTests {
    /// A backlog of several looks, all without readings but the last, which has one of `device`.
    private func leaveBatches(of device: UUID, last: Int64, _ administrator: PostgresClient) async throws {
        let time = Timestamp.now
        _ = try await administrator.query(
            "SELECT readings.ensure_partitions(ARRAY[extract(epoch FROM \(time))::bigint / 604800])")
        _ = try await administrator.query(
            """
            WITH series AS (
                INSERT INTO readings.series (organization_id, device_id, sensor_type, unit, kind)
                VALUES (gen_random_uuid(), \(device), 't', '', 0) RETURNING id
            ), reading AS (
                INSERT INTO readings.readings (series_id, time, value, quality, batch_id)
                SELECT id, \(time), 1, 2, \(last) FROM series
            )
            INSERT INTO readings.batches (
                id, row_count, min_time, max_time, committed_at, series_ids, first_times, last_times)
            SELECT number, 1, \(time), \(time), now() - interval '1 minute', ARRAY[series.id], ARRAY[\(time)],
                ARRAY[\(time)]
            FROM series, generate_series(1, \(last)) AS number
            """)
    }

    @Test func `what was published while a backlog is worked off is not published again`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let (device, last) = (UUID.v7(), Int64(50))
        let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
        let logger = Logger(label: "test")
        let publisher = BatchPublisher(
            redis: redis, renewal: AnswerRenewal(store: AnswerStore(redis: redis, lifetime: .zero), logger: logger),
            logger: logger)
        try await withClient(database.administrator) { administrator in
            try await leaveBatches(of: device, last: last, administrator)
            try await withClient(database.configuration(.readings)) { client in
                let relay = BatchRelay(
                    store: ReadingStore(database: client, flushes: client),
                    leftovers: LeftoverBatches(database: client),
                    publisher: publisher, database: client, logger: logger)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await redis.run() }
                    defer { group.cancelAll() }
                    try await redis.waitUntilConnected()
                    // One of the second look: by then the relay has said what was published before its turn.
                    try await administrator.withTransaction { transaction in
                        try await transaction.query("SELECT FROM readings.batches WHERE id = 25 FOR UPDATE")
                        group.addTask { try await relay.run() }
                        try await eventually {
                            try await administrator.query(
                                """
                                SELECT FROM pg_stat_activity
                                WHERE datname = current_database() AND wait_event_type = 'Lock'
                                """
                            ).count == 1
                        }
                        publisher.notePublished([last])
                    }
                    try await eventually {
                        try await administrator.query("SELECT FROM readings.batches WHERE NOT is_published").isEmpty
                    }
                    // No batch but that one has readings.
                    let stream = StreamName.telemetry(StreamName.telemetryPartition(of: device))
                    #expect(try await redis.xrange(stream, count: 10).isEmpty)
                }
            }
        }
    }
}
