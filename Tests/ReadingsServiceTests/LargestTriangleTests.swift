import Postgres
import TestKit
import Testing

@testable import ReadingsService

@Suite struct LargestTriangleTests {
    private func points(_ values: [Double]) -> [LargestTriangle.Point] {
        values.enumerated().map {
            LargestTriangle.Point(
                time: Timestamp(microseconds: 1_700_000_000_000_000 + Int64($0) * 1_000_000), value: $1)
        }
    }

    private func chosen(_ count: Int, of values: [Double]) -> [Double] {
        LargestTriangle.choose(count, of: points(values)).map(\.value)
    }

    @Test func `no more points than are wanted are left as they are`() {
        #expect(chosen(3, of: []) == [])
        #expect(chosen(3, of: [1, 2]) == [1, 2])
        #expect(chosen(4, of: [1, 5, 2, 4]) == [1, 5, 2, 4])
    }

    @Test func `of each bucket stays the point of the largest triangle`() {
        // One bucket, whose points are 4, 9 and 5 off the line from the first to the last point.
        #expect(chosen(3, of: [0, 4, -9, 5, 0]) == [0, -9, 0])
        // Two buckets of two: from (0, 0) and the mean (3.5, 5), then from what stayed and the last point.
        #expect(chosen(4, of: [0, 1, 9, 2, 8, 0]) == [0, 9, 8, 0])
    }

    @Test(arguments: [3, 4, 7, 50, 499, 998, 999])
    func `as many stay as are wanted, in order, with both ends and what stands out`(count: Int) {
        var random = SplitMix64(seed: 7)
        var values = (0..<1000).map { _ in Double.random(in: -1...1, using: &random) }
        values[617] = 1000
        let all = points(values)
        let chosen = LargestTriangle.choose(count, of: all)
        #expect(chosen.count == count)
        #expect(chosen.first == all.first && chosen.last == all.last)
        #expect(zip(chosen, chosen.dropFirst()).allSatisfy { $0.time < $1.time })
        #expect(chosen.contains(all[617]))
    }

    @Test func `far values do not disturb the choice`() {
        #expect(chosen(3, of: [1e308, -1e308, 1e308, -1e308]).count == 3)
    }
}
