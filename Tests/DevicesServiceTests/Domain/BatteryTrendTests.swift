import Postgres
import Testing

@testable import DevicesService

@Suite struct BatteryTrendTests {
    /// Hours and percent.
    private static func samples(_ points: [(Double, Double)]) -> [BatterySample] {
        points.map { BatterySample(time: Timestamp(microseconds: Int64($0.0 * 3_600_000_000)), level: $0.1) }
    }

    @Test(
        arguments: [
            ([], nil), ([(0, 80)], nil), ([(0, 80), (5, 70)], nil),
            ([(0, 80), (0.5, 79), (1.5, 78)], nil), ([(0, 80), (1, 78), (2, 76)], -2),
            ([(0, 80), (1, 80), (2, 80)], 0), ([(0, 80), (1, 81), (2, 82)], 1),
            ([(0, 80), (1, 76), (2, 78), (3, 74)], -1.6),
            // Only what came after the last charge tells.
            ([(0, 50), (1, 40), (2, 90), (3, 89), (4, 88)], -1), ([(0, 50), (1, 40), (2, 30), (3, 90), (4, 89)], nil),
            ([(0, 80), (1, 75), (2, 79.9), (3, 75)], -1.01),
        ] as [([(Double, Double)], Double?)])
    func `it is the slope since the last charge, when there is enough to tell`(
        points: [(Double, Double)], expected: Double?
    ) {
        let rate = BatteryTrend(Self.samples(points))?.rate
        #expect((rate == nil) == (expected == nil))
        if let rate, let expected { #expect(abs(rate - expected) < 1e-9) }
    }

    @Test func `what empties has an end, and what is charged or holds has none`() {
        let emptying = BatteryTrend(Self.samples([(0, 80), (1, 78), (2, 76)]))
        #expect(emptying?.hoursLeft(at: 76) == 38)
        #expect(BatteryTrend(Self.samples([(0, 80), (1, 80), (2, 80)]))?.hoursLeft(at: 80) == nil)
        #expect(BatteryTrend(Self.samples([(0, 80), (1, 81), (2, 82)]))?.hoursLeft(at: 82) == nil)
    }
}
