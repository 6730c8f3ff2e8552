import Testing

@testable import ReadingsService

@Suite struct ReadingRateTests {
    private let start = ContinuousClock.now

    @Test(
        arguments: [
            // How many are allowed a minute, how many are taken when, and for how long none is allowed after the last.
            (60, [(0, 59)], nil),
            (60, [(0, 60)], 1),
            (60, [(0, 60), (1, 0)], nil),
            (60, [(0, 120)], 61),
            (60, [(0, 120), (31, 0)], 30),
            (600, [(0, 600), (10, 60)], nil),
            // A long silence is worth no more than a minute.
            (60, [(0, 0), (3600, 60)], 1),
            (2, [(0, 3)], 60),
            (0, [(0, 0)], 60),
        ] as [(Int, [(second: Int, count: Int)], Int?)])
    func `readings come back evenly, up to a minute's`(
        perMinute: Int, taken: [(second: Int, count: Int)], wait: Int?
    ) {
        var rate = ReadingRate(perMinute: perMinute, at: start)
        for (second, count) in taken { rate.take(count, at: start + .seconds(second)) }
        let end = start + .seconds(taken.last?.second ?? 0)
        #expect(rate.wait(at: end) == wait.map { .seconds($0) })
    }

    @Test(arguments: [(30, nil), (60, nil), (119, nil), (120, 1), (180, 61)] as [(Int, Int?)])
    func `what others take is owed only as far as it had not come back meanwhile`(count: Int, wait: Int?) {
        var rate = ReadingRate(perMinute: 60, at: start)
        let end = start + .seconds(60)
        rate.takeElsewhere(count, at: end)
        #expect(rate.wait(at: end) == wait.map { .seconds($0) })
        // What found the bucket full before counts but once.
        rate.takeElsewhere(60, at: end)
        #expect(rate.wait(at: end) == .seconds(1 + max(0, count - 60)))
    }

    @Test func `another limit holds from then on`() {
        var rate = ReadingRate(perMinute: 60, at: start)
        rate.take(60, at: start)
        rate.perMinute = 120
        #expect(rate.wait(at: start) == .milliseconds(500))
        rate.perMinute = 6
        #expect(rate.wait(at: start) == .seconds(10))
    }
}
