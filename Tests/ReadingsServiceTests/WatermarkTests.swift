import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import ReadingsService

struct WatermarkTests {
    private let start = Timestamp("2026-03-01T00:00:00Z")!
    private let watermark = Watermark()

    private func time(_ seconds: Double) -> Timestamp { start.adding(.seconds(seconds)) }

    private func place(_ seconds: Double, _ id: Int64) -> Watermark.Place {
        Watermark.Place(time: time(seconds), id: id)
    }

    /// Where what is done by `seconds` is safe to be passed by.
    private func safe(_ seconds: Double) -> Watermark.Place {
        Watermark.Place(time: time(seconds).adding(.zero - Watermark.margin), id: .min)
    }

    /// Looks, and answers from where.
    private func look(
        at seconds: Double, finding found: [Watermark.Place] = [], isFull: Bool = false,
        leaving oldest: Timestamp? = nil
    ) async throws -> Watermark.Place {
        var place = Watermark.Place.beginning
        _ = try await watermark.look { start in
            place = start
            return Watermark.Look(time: time(seconds), found: found, isFull: isFull, oldestLeft: oldest)
        }
        return place
    }

    @Test func `a pass goes on where its last look ended, and the next begins a margin before its beginning`()
        async throws
    {
        #expect(try await look(at: 0, finding: [place(-9, 1), place(-9, 2)], isFull: true) == .beginning)
        #expect(watermark.floor == .beginning)
        #expect(try await look(at: 1, finding: [place(-8, 3)], isFull: true) == place(-9, 2))
        #expect(try await look(at: 2, finding: [place(-7, 4)]) == place(-8, 3))
        #expect(watermark.floor == safe(0))
        #expect(try await look(at: 3) == safe(0))
        #expect(try await look(at: 4) == safe(3))
    }

    @Test func `what is left is not passed by`() async throws {
        #expect(try await look(at: 0, finding: [place(-1000, 1)], leaving: time(-1000)) == .beginning)
        #expect(try await look(at: 1, leaving: time(-1000)) == Watermark.Place(time: time(-1000), id: .min))
        #expect(try await look(at: 2) == Watermark.Place(time: time(-1000), id: .min))
        #expect(watermark.floor == safe(2))
    }

    @Test func `after a failure, and when it is another's turn, a pass begins anew`() async throws {
        _ = try await look(at: 0)
        for fails in [true, false] {
            #expect(try await look(at: 1, finding: [place(0, 1)], isFull: true) == safe(0))
            let other = try? await watermark.look { start in
                #expect(start == place(0, 1))
                if fails { throw CancellationError() }
                return nil
            }
            #expect(other == nil)
        }
        #expect(try await look(at: 2) == safe(0))
    }

    @Test func `a clock that has been set back has the next look begin at the beginning`() async throws {
        _ = try await look(at: 1000)
        #expect(try await look(at: 1) == safe(1000))
        #expect(try await look(at: 2) == .beginning)
        #expect(watermark.floor == safe(2))
    }
}

/// A long snapshot, as an export has it, keeps what was deleted from being vacuumed.
struct LongSnapshotTests {
    private static let count = 20_000

    /// Adds batches and stale hours of long ago that were done with, and that a snapshot may still see while `body` runs.
    private func withDeadRows(
        _ body: @Sendable (_ administrator: PostgresClient, _ client: PostgresClient) async throws -> Void
    ) async throws {
        let database = try await ReadingsServer.makeDatabase()
        try await withClient(database.administrator) { administrator in
            try await withClient(database.configuration(.readings)) { client in
                try await administrator.withTransaction { snapshot in
                    try await snapshot.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    try await snapshot.query("SELECT count(*) FROM readings.series")
                    _ = try await administrator.batch([
                        // Else it may count the rows meanwhile, of which none are left, and other plans be made.
                        "ALTER TABLE readings.batches SET (autovacuum_enabled = off)",
                        "ALTER TABLE readings.stale_hours SET (autovacuum_enabled = off)",
                        """
                        INSERT INTO readings.batches (
                            id, row_count, min_time, max_time, committed_at, series_ids, first_times, last_times)
                        SELECT number, 1, now(), now(), now() - interval '1 hour' + number * interval '1 millisecond',
                            '{1}', ARRAY[now()], ARRAY[now()]
                        FROM generate_series(1, \(Self.count)) AS number
                        """,
                        "UPDATE readings.batches SET is_noted = true",
                        "DELETE FROM readings.batches",
                        "ALTER TABLE readings.stale_hours DISABLE TRIGGER set_due_at",
                        """
                        INSERT INTO readings.stale_hours (series_id, hour, due_at)
                        SELECT number, timestamptz '2026-03-01T00:00:00Z', now() - interval '1 hour'
                        FROM generate_series(1, \(Self.count)) AS number
                        """,
                        "DELETE FROM readings.stale_hours",
                        "ALTER TABLE readings.stale_hours ENABLE TRIGGER set_due_at",
                    ])
                    try await body(administrator, client)
                }
            }
        }
    }

    /// How many pages a query reads.
    private func pages(_ query: SQL, _ client: PostgresClient) async throws -> Int {
        let plan = try await client.query("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) \(query)").map {
            try $0.decode(String.self)
        }
        // Of the topmost node, which counts what those below it read: "Buffers: shared hit=5 read=2 dirtied=1".
        let buffers = try #require(plan.first { $0.contains("Buffers:") })
        return buffers.split(separator: " ").reduce(0) { sum, word in
            let isRead = word.hasPrefix("hit=") || word.hasPrefix("read=")
            return sum + (isRead ? Int(word.drop { $0 != "=" }.dropFirst()) ?? 0 : 0)
        }
    }

    @Test func `what it keeps is passed by once, and not in every round`() async throws {
        try await withDeadRows { administrator, client in
            let store = RollupStore(database: client)
            let end = RollupKeeper.lastEnd(before: .now)
            let found = (try await store.noteBatches()?.found.count, try await store.rollUp(before: end))
            #expect(found == (0, 0))
            for (start, isBounded) in [(Watermark.Place.beginning, false), (store.batches.floor, true)] {
                for query in [RollupStore.unnoted(from: start), leftovers(from: start)] {
                    let pages = try await pages(query, administrator)
                    #expect(isBounded ? pages < 20 : pages > 100)
                }
            }
            for (start, isBounded) in [(Watermark.Place.beginning, false), (store.marks.floor, true)] {
                let pages = try await pages(RollupStore.take(from: start, before: end, 100), administrator)
                #expect(isBounded ? pages < 20 : pages > 100)
            }
        }
    }

    @Test func `an hour that a round leaves to the next is not passed by, however long the round takes`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        try await withClient(database.configuration(.readings)) { client in
            let hour = RollupKeeper.lastEnd(before: .now).adding(.seconds(-7200))
            try await withClient(database.administrator) { administrator in
                _ = try await administrator.query(
                    "INSERT INTO readings.stale_hours (series_id, hour) VALUES (1, \(hour))")
                // It was marked while it lasted.
                _ = try await administrator.query(
                    "UPDATE readings.stale_hours SET due_at = hour + interval '1 hour'")
            }
            let store = RollupStore(database: client)
            // The round began before the hour ended.
            #expect(try await store.rollUp(before: hour) == 0)
            #expect(try await store.staleHours(before: hour.adding(.seconds(3600))) == 1)
            #expect(try await store.rollUp(before: hour.adding(.seconds(3600))) == 1)
        }
    }

    private func leftovers(from start: Watermark.Place) -> SQL {
        LeftoverBatches.unpublished(from: start, olderThan: .seconds(10), except: [], limit: 20)
    }
}
