import Postgres
import Testing

@testable import ReadingsService

struct KeyRangesTests {
    private static let day: Int64 = 86_400_000_000

    private func ranges(_ rows: [(series: Int64, time: Int64)]) -> [[Int64]] {
        let ranges = KeyRanges(
            seriesIDs: rows.map(\.series), times: rows.map { Timestamp(microseconds: $0.time) })
        return zip(ranges.seriesIDs, zip(ranges.firstTimes, ranges.lastTimes)).map {
            [$0, $1.0.microseconds, $1.1.microseconds]
        }
    }

    @Test func `a series has a range for each day, from its first to its last row`() {
        #expect(ranges([]) == [])
        #expect(ranges([(1, 5), (1, 6), (1, 9)]) == [[1, 5, 9]])
        #expect(ranges([(1, 5), (2, 5), (2, 6)]) == [[1, 5, 5], [2, 5, 6]])
        let year = 365 * Self.day
        #expect(
            ranges([(1, 7), (1, Self.day - 1), (1, Self.day), (1, year + 3), (2, year + 3)]) == [
                [1, 7, Self.day - 1], [1, Self.day, Self.day], [1, year + 3, year + 3], [2, year + 3, year + 3],
            ])
    }
}

struct PutOffBatchesTests {
    private func batch(_ id: Int64) -> Watermark.Place { Watermark.Place(time: Timestamp(microseconds: id), id: id) }

    @Test func `a batch is left alone for longer every time, and at most five minutes`() {
        let start = ContinuousClock.now
        var batches = PutOffBatches()
        #expect(batches.ids(at: start).isEmpty)
        let pauses = (0..<7).map { _ in batches.putOff(batch(1), at: start) }
        #expect(pauses == [10, 20, 40, 80, 160, 300, 300].map { .seconds($0) })
        #expect(batches.ids(at: start + .seconds(299)) == [1])
        #expect(batches.ids(at: start + .seconds(300)).isEmpty)
        #expect(batches.putOff(batch(1), at: start + .seconds(300)) == .seconds(300))
    }

    @Test func `one that was published, here or by another instance, begins anew`() {
        let start = ContinuousClock.now
        var batches = PutOffBatches()
        for id: Int64 in [1, 2, 3] { for _ in 0..<3 { _ = batches.putOff(batch(id), at: start) } }
        batches.forget(1)
        #expect(batches.putOff(batch(1), at: start) == .seconds(10))
        #expect(batches.ids(at: start + .seconds(30)).sorted() == [2, 3])
        #expect(batches.oldest == Timestamp(microseconds: 1))
        _ = batches.ids(at: start + .seconds(7200))
        #expect(batches.putOff(batch(2), at: start + .seconds(7200)) == .seconds(10))
    }
}
