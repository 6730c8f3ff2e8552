import NIOCore
import Testing

@testable import Gateway

@Suite("The budget of repeated requests")
struct RetryBudgetTests {
    private func at(_ seconds: Double) -> NIODeadline { .uptimeNanoseconds(UInt64(seconds * 1e9)) }

    /// Takes what there is, up to 1000.
    private func drain(_ budget: inout RetryBudget, at seconds: Double) -> Int {
        var count = 0
        while count < 1000, budget.isOpen(now: at(seconds)) {
            budget.spend()
            count += 1
        }
        return count
    }

    @Test("Ten seconds are saved up, then so many a second come back")
    func floor() {
        var budget = RetryBudget(UpstreamPolicy(retryPercent: 20, retriesPerSecond: 3))
        let counts = [0.0, 0, 1, 1.5, 2, 100].map { drain(&budget, at: $0) }
        #expect(counts == [30, 0, 3, 1, 2, 30])
    }

    @Test("Answered requests bring their part")
    func share() {
        var budget = RetryBudget(UpstreamPolicy(retryPercent: 25, retriesPerSecond: 10))
        _ = drain(&budget, at: 0)
        for _ in 0..<40 { budget.earn() }
        #expect(drain(&budget, at: 0) == 10)
    }

    @Test("Nothing is repeated where nothing may be, and without a floor the part alone counts")
    func none() {
        var closed = RetryBudget(UpstreamPolicy(retryPercent: 0, retriesPerSecond: 0))
        closed.earn()
        #expect(drain(&closed, at: 100) == 0)
        var part = RetryBudget(UpstreamPolicy(retryPercent: 50, retriesPerSecond: 0))
        #expect(drain(&part, at: 0) == 1)
        part.earn()
        #expect(drain(&part, at: 100) == 0)
        part.earn()
        #expect(drain(&part, at: 100) == 1)
    }

    @Test("Answered requests save up the part of a hundred of them where the seconds bring less")
    func saved() {
        for (perSecond, start, full) in [(0, 1, 20), (1, 10, 20), (3, 30, 30)] {
            var budget = RetryBudget(UpstreamPolicy(retryPercent: 20, retriesPerSecond: perSecond))
            #expect(drain(&budget, at: 0) == start)
            for _ in 0..<10_000 { budget.earn() }
            #expect(drain(&budget, at: 0) == full)
            // Time alone brings no more than the seconds do.
            #expect(drain(&budget, at: 1000) == (perSecond == 0 ? 0 : start))
        }
    }
}
