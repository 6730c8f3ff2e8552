import FoundationEssentials
import Kernel
import Testing

@testable import ReadingsService

@Suite struct UsageLedgerTests {
    private let start = ContinuousClock.now
    private let organization = UUID.v7()

    private func report(_ stored: Int, perMonth: Int? = nil, perMinute: Int? = nil) -> UsageReport {
        UsageReport(
            limits: IngestLimits(plan: "free", readingsPerMonth: perMonth, readingsPerMinute: perMinute),
            stored: stored)
    }

    private func standing(_ ledger: inout UsageLedger, after seconds: Double = 0) -> IngestStanding {
        ledger.standing(of: organization, at: start + .seconds(seconds))
    }

    /// A ledger that has learned what the tables say.
    private func ledger(_ report: UsageReport) -> UsageLedger {
        var ledger = UsageLedger()
        ledger.learn(report, of: organization, at: start)
        return ledger
    }

    /// Exchanges what there is with tables that then say `report`.
    ///
    /// - Returns: What is sent of the organization; nil for nothing, not even a question.
    private func exchange(_ ledger: inout UsageLedger, _ report: UsageReport, after seconds: Double = 1) -> Int? {
        let sent = ledger.send(at: start + .seconds(seconds))
        ledger.finish([organization: report], at: start + .seconds(seconds))
        return sent[organization]
    }

    @Test func `an organization is unknown until the tables have answered, and not limited without limits`() {
        var ledger = UsageLedger()
        #expect(standing(&ledger) == .unknown)
        ledger.learn(UsageReport(limits: nil, stored: 1_000_000), of: organization, at: start)
        #expect(standing(&ledger) == .allowed)
        ledger.learn(report(1_000_000), of: organization, at: start)
        #expect(standing(&ledger) == .allowed)
    }

    @Test func `what this instance stores counts at once, and once`() {
        var ledger = ledger(report(90, perMonth: 100))
        ledger.add([organization: 5], at: start)
        #expect(standing(&ledger) == .allowed)
        #expect(exchange(&ledger, report(95, perMonth: 100)) == 5)
        ledger.add([organization: 4], at: start)
        #expect(standing(&ledger) == .allowed)
        ledger.add([organization: 1], at: start)
        #expect(standing(&ledger) == .refused(.monthUsedUp(plan: "free", limit: 100)))
        // On its way it counts as well.
        let sent = ledger.send(at: start)
        #expect(sent == [organization: 5])
        #expect(standing(&ledger) == .refused(.monthUsedUp(plan: "free", limit: 100)))
    }

    @Test func `what others store counts when the tables tell it, and a new month begins anew`() {
        var ledger = ledger(report(0, perMonth: 100))
        #expect(standing(&ledger) == .allowed)
        #expect(exchange(&ledger, report(100, perMonth: 100)) == 0)
        #expect(standing(&ledger, after: 1) == .refused(.monthUsedUp(plan: "free", limit: 100)))
        #expect(exchange(&ledger, report(3, perMonth: 100), after: 2) == 0)
        #expect(standing(&ledger, after: 2) == .allowed)
    }

    @Test func `all instances together have one rate`() {
        var ledger = ledger(report(0, perMinute: 60))
        ledger.add([organization: 30], at: start)
        // Of what the tables gained, 30 are this instance's own.
        #expect(exchange(&ledger, report(90, perMinute: 60), after: 0) == 30)
        #expect(standing(&ledger) == .refused(.tooFast(plan: "free", limit: 60, wait: .seconds(31))))
        #expect(standing(&ledger, after: 3) == .refused(.tooFast(plan: "free", limit: 60, wait: .seconds(28))))
        #expect(exchange(&ledger, report(90), after: 3) == 0)
        #expect(standing(&ledger, after: 3) == .allowed)
    }

    @Test(arguments: [(false, 5), (true, 0)])
    func `what was not added is sent again, and what may have been is not`(mayBeAdded: Bool, again: Int) {
        var ledger = ledger(report(0))
        ledger.add([organization: 5], at: start)
        let sent = ledger.send(at: start)
        #expect(sent == [organization: 5])
        ledger.fail(sent.keys, mayBeAdded: mayBeAdded)
        #expect(standing(&ledger) == .allowed)
        #expect(exchange(&ledger, report(5)) == again)
    }

    @Test func `what may have been added is not taken for what others stored`() {
        var ledger = ledger(report(0, perMinute: 60))
        ledger.add([organization: 40], at: start)
        let sent = ledger.send(at: start)
        ledger.fail(sent.keys, mayBeAdded: true)
        #expect(standing(&ledger) == .allowed)
        // Others have stored 19, and one is left; then another one, and none is.
        #expect(exchange(&ledger, report(59, perMinute: 60), after: 0) == 0)
        #expect(standing(&ledger) == .allowed)
        #expect(exchange(&ledger, report(60, perMinute: 60), after: 0) == 0)
        #expect(standing(&ledger) == .refused(.tooFast(plan: "free", limit: 60, wait: .seconds(1))))
    }

    @Test func `an old report is good for ten minutes if it allows, and for three seconds if it refuses`() {
        var allowing = ledger(report(0, perMonth: 1))
        #expect(standing(&allowing, after: 600) == .allowed)
        #expect(standing(&allowing, after: 600.1) == .unknown)
        var refusing = ledger(report(1, perMonth: 1))
        #expect(standing(&refusing, after: 3) == .refused(.monthUsedUp(plan: "free", limit: 1)))
        #expect(standing(&refusing, after: 3.1) == .unknown)
    }

    @Test func `the tables are asked about those in use alone, and the others are forgotten`() {
        var ledger = ledger(report(0))
        #expect(exchange(&ledger, report(0)) == nil)
        #expect(standing(&ledger, after: 2) == .allowed)
        #expect(exchange(&ledger, report(0), after: 2) == 0)
        #expect(ledger.count == 1)
        #expect(exchange(&ledger, report(0), after: 603) == nil)
        #expect(ledger.count == 0)
    }
}
