import FoundationEssentials
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// Batches that are large enough to be copied.
struct ReadingStoreTests {
    private static let count = ReadingStore.worthCopying
    private let start = Timestamp.now.adding(hours: -1)

    /// Readings a millisecond apart, from the one with that number on; one is a text and has attributes.
    private func rows(from first: Int, count: Int = count, of series: Int64 = 1) -> DeviceRows {
        var rows = DeviceRows(organizationID: UUID.v7(), deviceID: UUID.v7())
        rows.sensors = [.init(series: Series(id: series, unit: .none, kind: .number), name: "t")]
        for number in first..<first + count {
            rows.sensor.append(0)
            rows.times.append(start.adding(.milliseconds(number)).microseconds)
            rows.values.append(number == 7 ? .nan : Double(number))
            rows.qualities.append(2)
        }
        if first <= 7 {
            rows.texts[7 - first] = "seven"
            rows.attributes[7 - first] = JSONB(bytes: Array(#"{"battery_level": 12}"#.utf8))
        }
        rows.listed = count
        return rows
    }

    private func withStore(_ body: @Sendable (ReadingStore, PostgresClient) async throws -> Void) async throws {
        let database = try await ReadingsServer.makeDatabase()
        try await withClient(database.configuration(.readings), connections: 2) { client in
            try await body(ReadingStore(database: client, flushes: client), client)
        }
    }

    @Test(arguments: [false, true])
    func `what is copied is stored as what is inserted`(isLate: Bool) async throws {
        try await withStore { store, client in
            let (batch, inserted) = try await store.store(FlushPlan([rows(from: 0)]), isLate: isLate)
            #expect(inserted == nil)
            let stored = try await client.query(
                "SELECT time, value, text_value, quality, batch_id, attributes FROM readings.readings ORDER BY time")
            #expect(stored.count == Self.count)
            for (number, row) in stored.enumerated() {
                let (time, value, text, quality, id, attributes) = try row.decode(
                    Timestamp.self, Double?.self, String?.self, Int16.self, Int64.self, JSONB?.self)
                #expect(time == start.adding(.milliseconds(number)) && quality == 2 && id == batch)
                #expect(value == (number == 7 ? nil : Double(number)) && text == (number == 7 ? "seven" : nil))
                #expect(attributes == (number == 7 ? JSONB(bytes: Array(#"{"battery_level": 12}"#.utf8)) : nil))
            }
            let batches = try await client.query("SELECT id, row_count::bigint FROM readings.batches")
            let (id, count) = try batches[0].decode(Int64.self, Int.self)
            #expect(batches.count == 1 && id == batch && count == Self.count)
        }
    }

    @Test func `of rows some of which are there already the others are stored, and each is told of`() async throws {
        try await withStore { store, client in
            _ = try await store.store(FlushPlan([rows(from: 0)]))
            // Half of them again, and once more all: the first is copied in vain, the second is not copied.
            let half = Self.count / 2
            for (first, new) in [(half, half), (0, 0)] {
                let plan = FlushPlan([rows(from: first), rows(from: 0, count: 3, of: 2 + Int64(first))])
                let (_, inserted) = try await store.store(plan)
                #expect(inserted?.count(where: \.self) == new + 3)
                #expect(
                    plan.outcomes(inserted: inserted)
                        == [
                            IngestOutcome(accepted: new, duplicates: Self.count - new),
                            IngestOutcome(accepted: 3, duplicates: 0),
                        ])
            }
            let stored = try await client.query("SELECT count(*), count(DISTINCT batch_id) FROM readings.readings")
            let (count, batches) = try stored[0].decode(Int.self, Int.self)
            #expect(count == Self.count + half + 6 && batches == 3)
        }
    }

    @Test func `after a duplicate nothing is copied for a while`() {
        let duplicates = RecentDuplicates()
        #expect(!duplicates.areLikely)
        duplicates.note()
        #expect(duplicates.areLikely)
    }
}
