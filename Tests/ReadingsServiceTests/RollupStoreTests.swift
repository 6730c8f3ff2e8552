import Foundation
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// How rollups are kept; each test has a database that no service works on.
struct RollupStoreTests {
    private let start = Timestamp("2026-03-01T00:00:00Z")!

    /// Runs `body` with a database that has one series of a reading every ten minutes of ten days, and with the client that
    /// the service would have.
    private func withReadings(
        _ body: @Sendable (_ administrator: PostgresClient, _ client: PostgresClient) async throws -> Void
    ) async throws {
        let database = try await ReadingsServer.makeDatabase()
        try await withClient(database.administrator) { administrator in
            _ = try await administrator.query(
                """
                SELECT readings.ensure_partitions(ARRAY(
                    SELECT generate_series(extract(epoch FROM \(start))::bigint / 604800,
                        extract(epoch FROM \(start))::bigint / 604800 + 2)))
                """)
            _ = try await administrator.query(
                """
                WITH series AS (
                    INSERT INTO readings.series (organization_id, device_id, sensor_type, unit, kind)
                    VALUES (gen_random_uuid(), gen_random_uuid(), 't', '', 0) RETURNING id)
                INSERT INTO readings.readings (series_id, time, value, quality, batch_id)
                SELECT id, \(start) + number * interval '10 minutes', number, 2, 7
                FROM series, generate_series(0, 1439) AS number
                """)
            try await withClient(database.configuration(.readings)) { try await body(administrator, $0) }
        }
    }

    private func keeper(_ client: PostgresClient) -> RollupKeeper {
        RollupKeeper(store: RollupStore(database: client), logger: Logger(label: "test"))
    }

    private func count(_ table: SQL, _ client: PostgresClient) async throws -> Int {
        try await client.query("SELECT count(*) FROM \(table)")[0].decode(at: 0)
    }

    /// Whether the hours and days are what the readings say.
    private func isRight(_ client: PostgresClient) async throws -> Bool {
        let wrong = try await client.query(
            """
            (SELECT series_id, date_bin('1 hour', time, 'epoch'), count(*)::float8, sum(value) FROM readings.readings
                GROUP BY 1, 2
            EXCEPT SELECT series_id, time, moments[1], moments[2] FROM readings.rollup_1h)
            UNION ALL
            (SELECT series_id, date_bin('1 day', time, 'epoch'), count(*)::float8, sum(value) FROM readings.readings
                GROUP BY 1, 2
            EXCEPT SELECT series_id, time, moments[1], moments[2] FROM readings.rollup_1d)
            """)
        return wrong.isEmpty
    }

    private func until(_ client: PostgresClient) async throws -> Timestamp {
        try await client.query("SELECT until FROM readings.rollup_progress")[0].decode(at: 0)
    }

    @Test func `readings that were there before the rollups are in them before any is told of`() async throws {
        try await withReadings { administrator, client in
            let store = RollupStore(database: client)
            let end = RollupKeeper.lastEnd(before: .now)
            try await store.advance(to: end)
            #expect(try await until(client) == Timestamp(microseconds: 0))
            #expect(try await store.markEarlierHours() == true)
            #expect(try await count("readings.stale_hours", client) == 240)
            #expect(try await store.markEarlierHours() == false)
            try await store.advance(to: end)
            #expect(try await until(client) == Timestamp(microseconds: 0))
            try await keeper(client).round()
            #expect(try await isRight(client))
            #expect(try await until(client) >= end)
            #expect(try await count("readings.stale_hours", client) == 0)
        }
    }

    @Test func `two that work at once do each part once, and leave nothing`() async throws {
        try await withReadings { administrator, client in
            try await eventually(within: .seconds(30)) {
                async let one: Void = keeper(client).round()
                async let other: Void = keeper(client).round()
                _ = try await (one, other)
                return try await until(client) > start
            }
            #expect(try await isRight(client))
        }
    }

    @Test func `what a failure interrupts is as it was, and is done by the next`() async throws {
        try await withReadings { administrator, client in
            let store = RollupStore(database: client)
            while try await store.markEarlierHours() == true {}
            // Nothing can be kept of one of the days.
            try await administrator.run(
                statement: """
                    ALTER TABLE readings.rollup_1d ADD CONSTRAINT broken CHECK (time <> '2026-03-01T00:00:00Z')
                    """)
            let end = RollupKeeper.lastEnd(before: .now)
            await #expect(throws: PostgresError.self) { try await store.rollUp(before: end) }
            #expect(try await store.staleHours(before: end) == 240)
            #expect(try await count("readings.rollup_1h", client) == 0)
            try await administrator.run(statement: "ALTER TABLE readings.rollup_1d DROP CONSTRAINT broken")
            try await keeper(client).round()
            #expect(try await isRight(client))
        }
    }

    @Test func `hours that are too many to be computed in time are computed fewer at once`() async throws {
        try await withReadings { administrator, client in
            // As the server does what takes longer than a statement may.
            try await administrator.run(
                statement: """
                    CREATE FUNCTION readings.cancel_many() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                        IF (SELECT count(*) FROM added) > 15 THEN
                            RAISE EXCEPTION 'too slow' USING ERRCODE = 'query_canceled';
                        END IF;
                        RETURN NULL;
                    END $$
                    """)
            try await administrator.run(
                statement: """
                    CREATE TRIGGER cancel_many AFTER INSERT ON readings.rollup_1h REFERENCING NEW TABLE AS added
                    FOR EACH STATEMENT EXECUTE FUNCTION readings.cancel_many()
                    """)
            try await keeper(client).round()
            #expect(try await isRight(client))
            #expect(try await count("readings.stale_hours", client) == 0)
        }
    }

    /// Inserts a batch of the readings of the first two hours.
    private func insertBatch(_ id: Int64, _ administrator: PostgresClient) async throws {
        let last = start.adding(.seconds(7199))
        _ = try await administrator.query(
            """
            INSERT INTO readings.batches (id, row_count, min_time, max_time, series_ids, first_times, last_times)
            SELECT \(id), 12, \(start), \(last), ARRAY[id], ARRAY[\(start)], ARRAY[\(last)] FROM readings.series
            """)
    }

    @Test(arguments: [true, false])
    func `a batch goes once it is published and noted, in either order`(isPublishedFirst: Bool) async throws {
        try await withReadings { administrator, client in
            let (store, readings) = (RollupStore(database: client), ReadingStore(database: client, flushes: client))
            try await insertBatch(7, administrator)
            if isPublishedFirst {
                try await readings.forget([7])
            } else {
                #expect(try await store.noteBatches()?.found.count == 1)
            }
            let row = try await client.query("SELECT is_published, is_noted FROM readings.batches")
            let (isPublished, isNoted) = try row[0].decode(Bool.self, Bool.self)
            #expect(isPublished == isPublishedFirst && isNoted != isPublishedFirst)
            #expect(try await count("readings.stale_hours", client) == (isPublishedFirst ? 0 : 2))
            let left = try await LeftoverBatches(database: client).list(olderThan: .seconds(-60), except: [], limit: 10)
            #expect(left.batches.map(\.id) == (isPublishedFirst ? [] : [7]))
            if isPublishedFirst {
                #expect(try await store.noteBatches()?.found.count == 1)
            } else {
                try await readings.forget([7])
            }
            #expect(try await count("readings.batches", client) == 0)
            #expect(try await count("readings.stale_hours", client) == 2)
            #expect(try await store.noteBatches()?.found.count == 0)
        }
    }

    @Test(arguments: [true, false])
    func `whoever waits for the other to say that a batch is done deletes it`(isPublishedFirst: Bool) async throws {
        try await withReadings { administrator, client in
            try await insertBatch(7, administrator)
            let (first, second) =
                isPublishedFirst
                ? (BatchRows.published([7]), BatchRows.noted([7])) : (BatchRows.noted([7]), BatchRows.published([7]))
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await administrator.withTransaction { transaction in
                    try await transaction.query(first)
                    group.addTask { _ = try await client.query(second) }
                    try await eventually {
                        try await administrator.query(
                            """
                            SELECT FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event_type = 'Lock'
                            """
                        ).count == 1
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await count("readings.batches", client) == 0)
        }
    }

    @Test func `a batch of before batches had key ranges is given them by the migration`() async throws {
        try await withReadings { administrator, client in
            try await administrator.run(
                statement: """
                    ALTER TABLE readings.batches ALTER series_ids DROP NOT NULL, ALTER first_times DROP NOT NULL,
                        ALTER last_times DROP NOT NULL
                    """)
            // Of the readings, which are all of batch 7, and of one whose readings have been deleted.
            for id: Int64 in [7, 8] {
                _ = try await administrator.query(
                    """
                    INSERT INTO readings.batches (id, row_count, min_time, max_time)
                    SELECT \(id), 1440, min(time), max(time) FROM readings.readings
                    """)
            }
            let migrations = try #require(ReadingsService.description.migrations)
            let script = try String(
                contentsOf: migrations.appending(path: "0081_batch_ranges.sql"), encoding: .utf8)
            try await administrator.withTransaction { try await $0.run(script: script) }
            let ranges = try await client.query(
                "SELECT cardinality(series_ids)::bigint, first_times[1] FROM readings.batches ORDER BY id"
            ).map { try $0.decode(Int.self, Timestamp?.self) }
            // A range for each of the ten days.
            #expect(ranges.map(\.0) == [10, 0] && ranges.map(\.1) == [start, nil])
            #expect(try await RollupStore(database: client).noteBatches()?.found.count == 2)
            #expect(try await count("readings.stale_hours", client) == 240)
        }
    }

    @Test func `what a copy of the version before deletes is noted as it goes`() async throws {
        try await withReadings { administrator, client in
            try await insertBatch(7, administrator)
            _ = try await client.query("DELETE FROM readings.batches WHERE id = 7")
            #expect(try await count("readings.batches", client) == 0)
            #expect(try await count("readings.stale_hours", client) == 2)
        }
    }

    @Test func `hours that have not ended wait`() async throws {
        try await withReadings { administrator, client in
            let store = RollupStore(database: client)
            while try await store.markEarlierHours() == true {}
            let end = start.adding(.seconds(3 * 3600))
            #expect(try await store.rollUp(before: end) == 3)
            #expect(try await store.rollUp(before: end) == 0)
            #expect(try await count("readings.rollup_1h", client) == 3)
            #expect(try await count("readings.stale_hours", client) == 237)
        }
    }
}
