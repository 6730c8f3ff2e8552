import Testing

@testable import ReadingsService

@Suite struct LinearTrendTests {
    /// From tables of the distribution.
    @Test(arguments: [
        (1, 12.706_205), (2, 4.302_653), (3, 3.182_446), (4, 2.776_445), (5, 2.570_582), (10, 2.228_139),
        (29, 2.045_230), (30, 2.042_272), (31, 2.039_513), (40, 2.021_075), (100, 1.983_972), (1000, 1.962_339),
    ])
    func `the t of a 95 % interval is that of the tables`(degrees: Int, expected: Double) {
        #expect(abs(StudentDistribution.quantile95(degrees: degrees) - expected) < 1e-6)
    }

    @Test func `a line through points that lie on it is certain`() throws {
        // (0, 1), (1, 3), (2, 5): centred, the times are -1, 0, 1 and the values -2, 0, 2.
        let trend = try #require(LinearTrend(count: 3, xx: 2, xy: 4, yy: 8))
        #expect(trend.slope == 2 && trend.determination == 1 && trend.margin == 0)
    }

    @Test func `a line through scattered points has a margin`() throws {
        // (0, 0), (1, 2), (2, 1): the best line is 0.5 + 0.5 x, its distances -0.5, 1, -0.5.
        let trend = try #require(LinearTrend(count: 3, xx: 2, xy: 1, yy: 2))
        #expect(trend.slope == 0.5 && trend.determination == 0.25)
        #expect(trend.margin?.isNearly(StudentDistribution.quantile95(degrees: 1) * 0.75.squareRoot()) == true)
    }

    @Test func `two points have a line without a margin, one has none, and level ones have one without a slope`() {
        #expect(LinearTrend(count: 2, xx: 0.5, xy: 1, yy: 2).map { $0.margin == nil } == true)
        #expect(LinearTrend(count: 1, xx: 0, xy: 0, yy: 0) == nil)
        #expect(LinearTrend(count: 0, xx: 0, xy: 0, yy: 0) == nil)
        let level = LinearTrend(count: 5, xx: 10, xy: 0, yy: 0)
        #expect(level?.slope == 0 && level?.margin == 0 && level?.determination == 1)
    }

    @Test func `what cannot be computed is no line`() {
        #expect(LinearTrend(count: 3, xx: 1e-12, xy: 1e300, yy: 1e308) == nil)
    }

    @Test func `groups on levels of their own take a degree of freedom each`() throws {
        // Twice (0, 0), (1, 2), (2, 1), the second time from another level.
        let trend = try #require(LinearTrend(count: 6, groups: 2, xx: 4, xy: 2, yy: 4))
        #expect(trend.slope == 0.5 && trend.determination == 0.25)
        let error = (4 * 0.75 / 3 / 4 as Double).squareRoot()
        #expect(trend.margin?.isNearly(StudentDistribution.quantile95(degrees: 3) * error) == true)
        // One value in each group has no line.
        #expect(LinearTrend(count: 2, groups: 2, xx: 0, xy: 0, yy: 0) == nil)
    }
}
