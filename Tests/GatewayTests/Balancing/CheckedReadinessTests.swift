import Testing

@testable import Gateway

@Suite("What checks say of a copy")
struct CheckedReadinessTests {
    private static let ready = CheckResult.answered(isReady: true, latency: 1)
    private static let unready = CheckResult.answered(isReady: false, latency: 1)
    private static let silent = CheckResult.silent

    @Test(
        "A copy's own word counts at once, silence and recovery when they repeat themselves",
        arguments: [
            ([unready], [false]),
            ([silent, silent, silent], [true, true, false]),
            ([silent, silent, ready, silent, silent], [true, true, true, true, true]),
            ([unready, ready, ready], [false, false, true]),
            ([unready, ready, silent, ready, ready], [false, false, false, false, true]),
            ([unready, ready, unready, ready, ready], [false, false, false, false, true]),
            ([silent, unready, ready, ready, silent], [true, false, false, true, true]),
        ])
    func checks(results: [CheckResult], states: [Bool]) {
        var readiness = CheckedReadiness()
        let thresholds = CheckedReadiness.Thresholds(unhealthyAfter: 3, healthyAfter: 2)
        let seen = results.map { result in
            readiness.record(result, thresholds)
            return readiness.isReady
        }
        #expect(seen == states)
    }
}
