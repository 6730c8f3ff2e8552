import EventBus
import Foundation
import Kernel
import Postgres
import Redis
import TestKit
import Testing

@testable import ReadingsService

/// What becomes of batches that were committed and not published.
struct RelayTests {
    @Test func `of a leftover its own rows are published, found by their keys alone`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let old = Timestamp.now.adding(.seconds(-400 * 86400)).rfc3339
        _ = try await device.send(
            ["sensor_type": "t", "value": 1, "timestamp": .string(old)], ["sensor_type": "t", "value": 3],
            ["sensor_type": "h", "value": 4])
        // Between the first and the last reading of the batch, and of another one.
        let between = Timestamp.now.adding(.seconds(-100 * 86400)).rfc3339
        _ = try await device.send(["sensor_type": "t", "value": 2, "timestamp": .string(between)])
        let batch = Int64.random(in: 1 << 40..<1 << 41)
        // The bounds of the whole batch hold none of its rows: whoever reads by them finds nothing.
        try await server.service.query(
            """
            WITH left_over AS (
                UPDATE readings.readings SET batch_id = \(batch)
                WHERE value <> 2 AND series_id IN (SELECT id FROM readings.series WHERE device_id = \(device.id))
                RETURNING series_id, time)
            INSERT INTO readings.batches (
                id, row_count, min_time, max_time, committed_at, series_ids, first_times, last_times)
            SELECT \(batch), 3, now(), now(), now() - interval '1 minute', array_agg(series_id), array_agg(time),
                array_agg(time)
            FROM left_over
            """)
        #expect(try await server.usage(ofBatch: batch).readings.values.sorted() == [3])
        try await eventually { try await leftovers(of: server).contains(batch) == false }
    }

    @Test func `a flush notes where its rows are`() async throws {
        let server = try await ReadingsServer.start(on: try await ReadingsServer.makeDatabase())
        let device = try await server.device()
        try await block(device, server)
        let old = Timestamp.now.adding(.seconds(-400 * 86400)).rfc3339
        _ = try await device.send(
            ["sensor_type": "t", "value": 1, "timestamp": .string(old)], ["sensor_type": "t", "value": 3])
        let missed = try await server.service.query(
            """
            SELECT 1 FROM readings.readings AS r WHERE NOT EXISTS (
                SELECT FROM readings.batches AS b, unnest(b.series_ids, b.first_times, b.last_times) AS k (s, f, l)
                WHERE b.id = r.batch_id AND k.s = r.series_id AND r.time BETWEEN k.f AND k.l)
            """)
        #expect(missed.isEmpty)
        let ranges = try await server.service.query("SELECT cardinality(series_ids)::bigint FROM readings.batches")
        let count = try ranges[0].decode(Int.self)
        #expect(ranges.count == 1 && count == 2)
    }

    @Test func `a batch that cannot be published holds up none that came later, and is published in the end`()
        async throws
    {
        let server = try await ReadingsServer.start(on: try await ReadingsServer.makeDatabase())
        let stuck = try await server.device()
        var later = try await server.device()
        while StreamName.telemetryPartition(of: later.id) == StreamName.telemetryPartition(of: stuck.id) {
            later = try await server.device()
        }
        for device in [stuck, later] {
            try await block(device, server)
            #expect(try await device.send(["sensor_type": "t", "value": 1]).status == 201)
        }
        let batches = try await leftovers(of: server)
        #expect(batches.count == 2)
        try await unblock(later, server)
        try await server.service.query(
            "UPDATE readings.batches SET committed_at = committed_at - interval '1 minute'")
        try await eventually { try await leftovers(of: server) == [batches[0]] }
        try await unblock(stuck, server)
        try await eventually(within: .seconds(30)) { try await leftovers(of: server).isEmpty }
        let entries = try await server.service.redis.xrange(stream(of: stuck), count: 10)
        #expect(entries.count == 1)
    }

    @Test func `a batch that cannot be published is in the rollups all the same, and goes when it is published`()
        async throws
    {
        let server = try await ReadingsServer.start(on: try await ReadingsServer.makeDatabase())
        let device = try await server.device()
        try await block(device, server)
        let hour = ReadingSource.hours.floor(.now.adding(.seconds(-2 * 86_400)))
        #expect(
            try await device.send(["sensor_type": "t", "value": 1, "timestamp": .string(hour.rfc3339)]).status == 201)
        try await device.rollUp()
        #expect(try await device.rollups("readings.rollup_1h").map(\.time) == [hour])
        let waiting = try await server.service.query("SELECT is_noted, is_published FROM readings.batches")
        let (isNoted, isPublished) = try waiting[0].decode(Bool.self, Bool.self)
        #expect(waiting.count == 1 && isNoted && !isPublished)
        try await unblock(device, server)
        try await server.service.query(
            "UPDATE readings.batches SET committed_at = committed_at - interval '1 minute'")
        try await eventually(within: .seconds(30)) { try await leftovers(of: server).isEmpty }
        let entries = try await server.service.redis.xrange(stream(of: device), count: 10)
        #expect(entries.count == 1)
    }

    private func stream(of device: TestDevice) -> String {
        StreamName.telemetry(StreamName.telemetryPartition(of: device.id))
    }

    /// Makes Redis refuse whatever is published of the device.
    private func block(_ device: TestDevice, _ server: ReadingsServer) async throws {
        try await server.service.redis.set(stream(of: device), to: "not a stream")
    }

    private func unblock(_ device: TestDevice, _ server: ReadingsServer) async throws {
        try await server.service.redis.del(stream(of: device))
    }

    /// The batches that wait to be published or noted, oldest first.
    private func leftovers(of server: ReadingsServer) async throws -> [Int64] {
        try await server.service.query("SELECT id FROM readings.batches ORDER BY committed_at").map {
            try $0.decode(Int64.self)
        }
    }
}
