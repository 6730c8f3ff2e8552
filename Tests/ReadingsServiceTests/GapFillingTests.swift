import Postgres
import Testing

@testable import ReadingsService

@Suite struct GapFillingTests {
    private let times = [0, 1, 2, 4, 5].map { Timestamp(microseconds: $0 * 1_000_000) }

    /// What stands in the five buckets, of which the second and the fourth, twice as far off, have readings.
    private func filled(_ filling: GapFilling) -> [[Double?]] {
        let points = [
            AggregatePoint(time: times[1], values: [10, 2, nil]), AggregatePoint(time: times[3], values: [40, 3, 1]),
        ]
        let filled = filling.points(filling: points, at: times, [.avg, .count, .stddev])
        if filling != .none { #expect(filled.map(\.time) == times) }
        return filled.map(\.values)
    }

    @Test func `buckets without readings are filled as asked, and their count is 0`() {
        let (second, fourth): ([Double?], [Double?]) = ([10, 2, nil], [40, 3, 1])
        #expect(filled(.none) == [second, fourth])
        #expect(filled(.null) == [[nil, 0, nil], second, [nil, 0, nil], fourth, [nil, 0, nil]])
        #expect(filled(.zero) == [[0, 0, 0], second, [0, 0, 0], fourth, [0, 0, 0]])
        #expect(filled(.previous) == [[nil, 0, nil], second, [10, 0, nil], fourth, [40, 0, 1]])
        #expect(filled(.linear) == [[nil, 0, nil], second, [20, 0, nil], fourth, [nil, 0, nil]])
    }

    @Test func `a series without readings is filled, too`() {
        #expect(GapFilling.previous.points(filling: [], at: times, [.avg]).map(\.values) == times.map { _ in [nil] })
        #expect(GapFilling.none.points(filling: [], at: times, [.avg]).isEmpty)
    }
}
