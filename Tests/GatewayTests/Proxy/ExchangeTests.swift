import Testing

@testable import Gateway

@Suite("A request on its way")
struct ExchangeTests {
    private func exchange(repeatable: Bool, reused: Bool = false, attempts: Int = 1) -> Exchange {
        var exchange = Exchange(isRepeatable: repeatable, keepsClient: true)
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
        #expect(exchange(repeatable: false, attempts: attempts).lost(.notConnected, others: others) == recovery)
    }

    @Test(
        "A lost connection is replaced only where it may have been stale and repeating does no harm",
        arguments: [
            (true, true, Exchange.Recovery.retry), (true, false, .answer(.unavailable)),
            (false, true, .answer(.unavailable)),
            (false, false, .answer(.unavailable)),
        ])
    func closed(repeatable: Bool, reused: Bool, recovery: Exchange.Recovery) {
        #expect(exchange(repeatable: repeatable, reused: reused).lost(.closed) == recovery)
    }

    @Test("What is no longer held is not sent again")
    func notHeld() {
        var exchange = exchange(repeatable: true, reused: true)
        exchange.isHeld = false
        #expect(exchange.lost(.closed) == .answer(.unavailable))
    }

    @Test("Nonsense and silence are not retried")
    func others() {
        #expect(exchange(repeatable: true, reused: true).lost(.malformed) == .answer(.badGateway))
        #expect(exchange(repeatable: true, reused: true).lost(.timedOut) == .answer(.unanswered))
    }

    @Test(
        "Once a response has begun only closing tells the truth",
        arguments: [
            Exchange.Loss.notConnected, .closed, .malformed, .timedOut,
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
