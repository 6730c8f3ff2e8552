import EventBus
import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// How a deletion is cut into transactions.
@Suite struct DeletionPieceTests {
    private let user = UUID()

    /// Deletes with bounds of its own.
    private func delete(
        _ series: StoredSeries, from start: Timestamp? = nil, _ bounds: ReadingDeletions.Bounds
    ) async throws -> DeletionOutcome {
        try await withClient(series.database.configuration(.readings)) { client in
            let deletions = ReadingDeletions(
                database: client, ledger: Ledger(outbox: Outbox(source: .readings)), bounds: bounds)
            return try await deletions.delete(
                ReadingSelection(device: series.device, start: start), in: series.organization, by: user)
        }
    }

    /// How many readings each of the deletions took, in order.
    private func counts(of series: StoredSeries) async throws -> [Int] {
        let rows = try await withClient(series.database.administrator) { client in
            try await client.query(
                """
                SELECT (data ->> 'count')::bigint FROM core.events
                WHERE organization_id = \(series.organization) ORDER BY data ->> 'first'
                """)
        }
        return try rows.map { try $0.decode(Int.self) }
    }

    @Test func `it goes from the oldest reading on, and says when there is more`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let start = Timestamp.now.adding(days: -3).midnight
        let times = (0..<25).map { start.adding(minutes: 5 * $0) }
        let series = try await StoredSeries.make(in: database, times: times)
        let bounds = ReadingDeletions.Bounds(pieceSize: 4, rows: 10)
        #expect(try await delete(series, bounds) == DeletionOutcome(deleted: 10, isComplete: false))
        #expect(try await series.times() == Array(times[10...]))
        #expect(try await delete(series, bounds) == DeletionOutcome(deleted: 10, isComplete: false))
        #expect(try await delete(series, bounds) == DeletionOutcome(deleted: 5, isComplete: true))
        #expect(try await series.times().isEmpty)
        #expect(try await counts(of: series) == [4, 4, 2, 4, 4, 2, 4, 1])
        #expect(try await series.staleHours() == (0..<3).map { start.adding(hours: $0) })
    }

    @Test func `after its time no further piece is begun`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let start = Timestamp.now.adding(days: -3).midnight
        let series = try await StoredSeries.make(in: database, times: (0..<9).map { start.adding(minutes: $0) })
        let bounds = ReadingDeletions.Bounds(pieceSize: 2, time: .zero)
        #expect(try await delete(series, bounds) == DeletionOutcome(deleted: 2, isComplete: false))
        #expect(try await series.times().count == 7)
    }

    @Test func `a piece is no longer than 64 days, however few readings there are`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let start = Timestamp.now.adding(days: -400).midnight
        let times = (0..<10).map { start.adding(days: 30 * $0) }
        let series = try await StoredSeries.make(in: database, times: times)
        #expect(try await delete(series, .init()) == DeletionOutcome(deleted: 10, isComplete: true))
        #expect(try await counts(of: series) == [3, 3, 3, 1])
    }

    @Test func `a mark of an hour that is there already is no hindrance`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let hour = Timestamp.now.adding(days: -3).midnight
        let series = try await StoredSeries.make(in: database, times: [hour, hour.adding(minutes: 59)])
        #expect(try await delete(series, from: hour.adding(minutes: 1), .init()).deleted == 1)
        #expect(try await delete(series, .init()).deleted == 1)
        #expect(try await series.staleHours() == [hour])
    }

    @Test func `two requests at once delete each reading once`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let start = Timestamp.now.adding(days: -3).midnight
        let series = try await StoredSeries.make(in: database, times: (0..<2000).map { start.adding(minutes: $0) })
        let bounds = ReadingDeletions.Bounds(pieceSize: 100)
        async let first = delete(series, bounds)
        async let second = delete(series, bounds)
        #expect(try await first.deleted + second.deleted == 2000)
        #expect(try await counts(of: series).reduce(0, +) == 2000)
        #expect(try await series.times().isEmpty)
    }
}
