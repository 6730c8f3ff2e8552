import EventBus
import Foundation
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// Readings that TimescaleDB has compressed.
@Suite(.enabled("needs TimescaleDB") { try await TestServers.shared().hasTimescaleDB() })
struct CompressionTests {
    private let start = Timestamp.now.adding(days: -20).midnight

    /// Compresses all chunks, as TimescaleDB does after seven days.
    private func compress(_ database: TestDatabase) async throws {
        _ = try await withClient(database.administrator) { client in
            try await client.query(
                "SELECT compress_chunk(chunk, if_not_compressed => true) FROM show_chunks('readings.readings') AS chunk"
            )
        }
    }

    private func delete(
        _ series: StoredSeries, _ bounds: ReadingDeletions.Bounds = .init()
    ) async throws -> DeletionOutcome {
        try await withClient(series.database.configuration(.readings)) { client in
            try await ReadingDeletions(
                database: client, ledger: Ledger(outbox: Outbox(source: .readings)), bounds: bounds
            ).delete(ReadingSelection(device: series.device), in: series.organization, by: UUID())
        }
    }

    @Test func `a reading that is sent again is a duplicate, and a new one is stored`() async throws {
        let server = try await ReadingsServer.start(on: try await ReadingsServer.makeDatabase())
        let device = try await server.device()
        func reading(_ minute: Int, _ value: Double) -> JSONValue {
            [
                "sensor_type": "t", "value": .number(value),
                "timestamp": .string(start.adding(minutes: minute).rfc3339),
            ]
        }
        #expect(try await device.send(reading(0, 1), reading(2, 3)).json["accepted"] == 2)
        try await compress(server.service.database)
        let again = try await device.send(reading(0, 99), reading(1, 2), reading(2, 99))
        #expect(again.json == ["accepted": 1, "duplicates": 2, "rejected": []])
        #expect(try await device.stored().map(\.value) == [1, 2, 3])
    }

    @Test func `they are deleted piece by piece, counted, and those of other series stay`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let times = (0..<3000).map { start.adding(minutes: $0) }
        let series = try await StoredSeries.make(in: database, times: times)
        let neighbour = try await StoredSeries.make(in: database, times: times)
        try await compress(database)
        let bounds = ReadingDeletions.Bounds(pieceSize: 700)
        #expect(try await delete(series, bounds) == DeletionOutcome(deleted: 3000, isComplete: true))
        #expect(try await series.times().isEmpty)
        #expect(try await series.staleHours().count == 50)
        #expect(try await neighbour.times() == times)
    }

    @Test func `more are deleted than TimescaleDB decompresses in one transaction`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let series = try await StoredSeries.make(in: database, times: (0..<120_000).map { start.adding(.seconds($0)) })
        try await compress(database)
        var deleted = 0
        // As many requests as the machine needs for it.
        while deleted < 120_000 { deleted += try await delete(series).deleted }
        #expect(try await delete(series) == DeletionOutcome(deleted: 0, isComplete: true))
    }

    @Test func `those that are older than they are kept go`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let times = (0..<6000).map { start.adding(minutes: $0) }
        let series = try await StoredSeries.make(in: database, times: times)
        // It keeps the chunks from being dropped whole.
        let unlimited = try await StoredSeries.make(in: database, times: times)
        try await series.keep(planDays: 18)
        try await compress(database)
        try await withClient(database.configuration(.readings)) { client in
            let expired = ExpiredRows(database: client, pieceSize: 700)
            try await RetentionKeeper(expired: expired, logger: Logger(label: "retention"))
                .round(at: start.adding(days: 20))
        }
        #expect(try await series.times() == times.filter { $0 >= start.adding(days: 2) })
        #expect(try await unlimited.times() == times)
    }
}
