import Testing

@testable import Gateway

@Suite("A request on its way")
struct ExchangeTests {
    private func exchange(repeatable: Bool, reused: Bool = false, attempts: Int = 1) -> Exchange {
        var exchange = Exchange(isRepeatable: repeatable, keepsClient: true, retries: 2)
        for _ in 0..<attempts { exchange.attempt() }
        exchange.connected(reused: reused)
        return exchange
    }

    @Test(
        "A refused connection is tried elsewhere, or again in a moment, a limited number of times",
        arguments: [
            (1, Exchange.Others.available, Exchange.Recovery.retry), (3, .available, .answer(.unavailable)),
            (1, .soon, .wait), (5, .soon, .wait), (6, .soon, .answer(.unavailable)), (1, .none, .answer(.unavailable)),
        ])
    func notConnected(attempts: Int, others: Exchange.Others, recovery: Exchange.Recovery) {
        var exchange = exchange(repeatable: false, attempts: attempts)
        #expect(exchange.lost(.notConnected, others: others) == recovery)
    }

    @Test(
        "A lost connection is replaced only where repeating does no harm",
        arguments: [true, false])
    func closed(reused: Bool) {
        var repeatable = exchange(repeatable: true, reused: reused)
        #expect(repeatable.lost(.closed) == .retry)
        var other = exchange(repeatable: false, reused: reused)
        #expect(other.lost(.closed) == .answer(.unavailable))
    }

    @Test("What a service says that it has not had goes out again, whatever it is, a limited number of times")
    func unused() {
        var other = exchange(repeatable: false, reused: true)
        #expect(other.lost(.unused, mayRepeat: false) == .retry)
        other = exchange(repeatable: false, reused: true, attempts: 3)
        #expect(other.lost(.unused) == .answer(.unavailable))
        // Of new connections one may have come too late for a service that stops.
        other = exchange(repeatable: false)
        #expect(other.lost(.unused) == .retry)
        other.attempt()
        other.connected(reused: false)
        #expect(other.lost(.unused) == .answer(.unavailable))
    }

    @Test("What a copy may have seen is not sent again beyond the budget, what none has seen is")
    func budget() {
        var seen = exchange(repeatable: true, reused: true)
        #expect(seen.lost(.closed, mayRepeat: false) == .answer(.failing))
        var unseen = exchange(repeatable: true)
        #expect(unseen.lost(.notConnected, others: .available, mayRepeat: false) == .retry)
        // What may not be repeated anyway is no matter of the budget.
        var other = exchange(repeatable: false, reused: true)
        #expect(other.lost(.closed, mayRepeat: false) == .answer(.unavailable))
    }

    @Test("Of connections that were new only one is replaced, as the request itself may have been the reason")
    func newOnes() {
        var exchange = exchange(repeatable: true)
        #expect(exchange.lost(.closed) == .retry)
        exchange.attempt()
        exchange.connected(reused: false)
        #expect(exchange.lost(.closed) == .answer(.unavailable))
    }

    @Test("What is no longer held is not sent again")
    func notHeld() {
        var exchange = exchange(repeatable: true, reused: true)
        exchange.isHeld = false
        #expect(exchange.lost(.closed) == .answer(.unavailable))
    }

    @Test("Nonsense and silence are not retried")
    func others() {
        var malformed = exchange(repeatable: true, reused: true)
        #expect(malformed.lost(.malformed) == .answer(.badGateway))
        var silent = exchange(repeatable: true, reused: true)
        #expect(silent.lost(.timedOut) == .answer(.unanswered))
    }

    @Test(
        "Once a response has begun only closing tells the truth",
        arguments: [
            Exchange.Loss.notConnected, .closed, .unused, .malformed, .timedOut,
        ])
    func begun(loss: Exchange.Loss) {
        var exchange = exchange(repeatable: true, reused: true)
        exchange.startResponse()
        #expect(exchange.lost(loss) == .abort)
    }

    @Test("Connections are between messages when both have ended")
    func ends() {
        var early = exchange(repeatable: false)
        early.startResponse()
        let earlyIsBetween = early.endResponse()
        #expect(!earlyIsBetween)
        var whole = exchange(repeatable: false)
        whole.endRequest()
        whole.startResponse()
        let wholeIsBetween = whole.endResponse()
        #expect(wholeIsBetween)
    }
}
