import NIOCore
import Testing

@testable import Gateway

@Suite("The health of a copy")
struct CopyHealthTests {
    private let policy = UpstreamPolicy(
        slowStart: .seconds(10), ejectAfter: 3, ejectionTime: .seconds(5), maximumEjectionTime: .seconds(60))

    private func at(_ seconds: Double) -> NIODeadline { .uptimeNanoseconds(UInt64(seconds * 1e9)) }

    /// Lets a request fail on a connection that was there.
    private func fail(
        _ health: inout CopyHealth, at seconds: Double, mayEject: Bool = true, jitter: Double = 0
    ) -> Bool {
        health.fail(policy, isConnected: true, mayEject: mayEject, now: at(seconds), jitter: jitter)
    }

    private func ejected(at seconds: Double = 0, jitter: Double = 0) -> CopyHealth {
        var health = CopyHealth(isReady: true, firstUsed: nil)
        for _ in 0..<3 { _ = fail(&health, at: seconds, jitter: jitter) }
        return health
    }

    @Test("A copy that was always there has a full share, one that joins takes it gradually")
    func slowStart() {
        #expect(CopyHealth(isReady: true, firstUsed: nil).share(policy, now: at(0)) == 1)
        let health = CopyHealth(isReady: true, firstUsed: at(100))
        let shares = [100, 100.5, 105, 109, 110, 200].map { health.share(policy, now: at($0)) }
        #expect(shares == [0.1, 0.1, 0.5, 0.9, 1, 1])
    }

    @Test("Failures in a row eject, and a success between them begins the row anew")
    func row() {
        var health = CopyHealth(isReady: true, firstUsed: nil)
        let first = (0..<2).map { _ in fail(&health, at: 1) }
        health.succeed()
        let second = (0..<3).map { _ in fail(&health, at: 1) }
        #expect(first + second == [false, false, false, false, true])
        #expect(health.isEjected(now: at(5.9)))
        #expect(health.share(policy, now: at(5.9)) == 0)
        #expect(!health.isEjected(now: at(6)))
    }

    @Test("An ejected copy comes back through a slow start")
    func comesBack() {
        let health = ejected()
        #expect([4.9, 5, 10, 15].map { health.share(policy, now: at($0)) } == [0, 0.1, 0.5, 1])
    }

    @Test("Each ejection lasts longer, up to the limit, and after a long time without one it is as the first")
    func growth() {
        var health = CopyHealth(isReady: true, firstUsed: nil)
        var now = 0.0
        var times: [Double] = []
        for _ in 0..<14 {
            for _ in 0..<3 { _ = fail(&health, at: now) }
            times.append(Double(health.ejectedUntil.uptimeNanoseconds) / 1e9 - now)
            now += times[times.count - 1]
        }
        #expect(times == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 60, 60])
        now += 60
        for _ in 0..<3 { _ = fail(&health, at: now) }
        #expect(health.ejectedUntil == at(now + 5))
    }

    @Test("Chance makes an ejection up to a fifth shorter", arguments: [(0.0, 5.0), (0.5, 4.5), (1.0, 4.0)])
    func jitter(jitter: Double, seconds: Double) {
        #expect(ejected(jitter: jitter).ejectedUntil == at(seconds))
    }

    @Test("Where too many others are out a copy stays, and goes with the next failure once they are back")
    func lastOnes() {
        var health = CopyHealth(isReady: true, firstUsed: nil)
        let stays = (0..<10).map { _ in fail(&health, at: 1, mayEject: false) }
        #expect(!stays.contains(true))
        #expect(health.share(policy, now: at(1)) == 1)
        let goes = fail(&health, at: 2)
        #expect(goes)
    }

    @Test("What was under way when a copy was ejected does not count against it later")
    func stragglers() {
        var health = ejected()
        let late = (0..<10).map { _ in fail(&health, at: 4) }
        let after = (0..<2).map { _ in fail(&health, at: 6) }
        #expect(!(late + after).contains(true))
    }

    @Test(
        "A copy that cannot be connected to is passed over for a moment at once, and longer if that goes on; only then it starts slowly"
    )
    func refused() {
        var health = CopyHealth(isReady: true, firstUsed: nil)
        func refuse(at seconds: Double) -> Bool {
            health.fail(policy, isConnected: false, mayEject: true, now: at(seconds), jitter: 0)
        }
        let first = refuse(at: 1)
        #expect(!first)
        #expect([1, 1.9, 2].map { health.share(policy, now: at($0)) } == [0, 0, 1])
        let others = [refuse(at: 2), refuse(at: 3)]
        #expect(others == [false, true])
        #expect([7.9, 8, 13, 18].map { health.share(policy, now: at($0)) } == [0, 0.1, 0.5, 1])
    }

    @Test("A connection ends the moment in which a copy is passed over, and begins no slow start")
    func connected() {
        var health = CopyHealth(isReady: true, firstUsed: nil)
        _ = health.fail(policy, isConnected: false, mayEject: true, now: at(1), jitter: 0)
        health.connect(now: at(1.5))
        #expect(health.share(policy, now: at(1.5)) == 1)
        var other = ejected()
        other.connect(now: at(1))
        #expect(other.share(policy, now: at(1)) == 0)
    }

    @Test("A copy that the checks find not ready gets nothing, and comes back through a slow start")
    func checks() {
        var health = CopyHealth(isReady: true, firstUsed: nil)
        health.setReady(true, now: at(1))
        #expect(health.share(policy, now: at(1)) == 1)
        health.setReady(false, now: at(2))
        #expect(health.share(policy, now: at(2)) == 0)
        health.setReady(true, now: at(20))
        #expect([20, 25, 30].map { health.share(policy, now: at($0)) } == [0.1, 0.5, 1])
    }

    @Test("What a copy cuts off that has said it stops does not eject it")
    func stopping() {
        var health = CopyHealth(isReady: true, firstUsed: nil)
        health.setReady(false, now: at(1))
        let ejections = (0..<10).map { _ in fail(&health, at: 2) }
        #expect(!ejections.contains(true))
        health.setReady(true, now: at(3))
        #expect(health.share(policy, now: at(3)) == 0.1)
        #expect(health.failures == 0)
    }

    @Test("Checks do not bring back a copy that fails requests")
    func checksWhileEjected() {
        var health = ejected()
        health.setReady(false, now: at(1))
        health.setReady(true, now: at(2))
        #expect([2, 4.9, 5, 10].map { health.share(policy, now: at($0)) } == [0, 0, 0.1, 0.5])
    }

    @Test("A copy is waited for until that was in vain, and again once it takes a connection or is ready anew")
    func awaited() {
        var health = CopyHealth(isReady: true, firstUsed: nil)
        #expect(health.isAwaited)
        health.leave()
        #expect(!health.isAwaited)
        health.connect(now: at(1))
        #expect(health.isAwaited)
        health.leave()
        health.setReady(true, now: at(2))
        #expect(!health.isAwaited)
        health.setReady(false, now: at(3))
        #expect(!health.isAwaited)
        health.setReady(true, now: at(4))
        #expect(health.isAwaited)
    }
}
