import FoundationEssentials
import Testing

@testable import Postgres

struct LeasePoolTests {
    private let now = ContinuousClock.now

    @Test func `a connection is opened for who waits, leased, and leased again when it comes back`() {
        var pool = LeasePool(maximum: 2)
        #expect(pool.acquire(1) == [.open(1)])
        #expect(pool.opened(1, at: now) == [.lease(1, to: 1)])
        #expect(pool.release(1, reusable: true, at: now) == [])
        #expect(pool.acquire(2) == [.lease(1, to: 2)])
    }

    @Test func `beyond the maximum callers wait for a release, in their order`() {
        var pool = LeasePool(maximum: 1)
        _ = pool.acquire(1)
        _ = pool.opened(1, at: now)
        #expect(pool.acquire(2) == [])
        #expect(pool.acquire(3) == [])
        #expect(pool.release(1, reusable: true, at: now) == [.lease(1, to: 2)])
        #expect(pool.release(1, reusable: true, at: now) == [.lease(1, to: 3)])
    }

    @Test func `a broken connection is closed and replaced for who waits`() {
        var pool = LeasePool(maximum: 1)
        _ = pool.acquire(1)
        _ = pool.opened(1, at: now)
        _ = pool.acquire(2)
        #expect(pool.release(1, reusable: false, at: now) == [.close(1), .open(2)])
        #expect(pool.opened(2, at: now) == [.lease(2, to: 2)])
    }

    @Test func `an organization has at most half of the connections, and the others are for others`() {
        let (one, other) = (UUID(), UUID())
        var pool = LeasePool(maximum: 4)
        #expect(pool.acquire(1, for: one) == [.open(1)])
        #expect(pool.acquire(2, for: one) == [.open(2)])
        #expect(pool.opened(1, at: now) == [.lease(1, to: 1)])
        #expect(pool.opened(2, at: now) == [.lease(2, to: 2)])
        #expect(pool.acquire(3, for: one) == [])
        #expect(pool.acquire(4, for: other) == [.open(3)])
        #expect(pool.opened(3, at: now) == [.lease(3, to: 4)])
        #expect(pool.acquire(5) == [.open(4)])
        #expect(pool.opened(4, at: now) == [.lease(4, to: 5)])
        // What comes back from another is not for who has its share already.
        #expect(pool.release(3, reusable: true, at: now) == [])
        #expect(pool.release(1, reusable: true, at: now) == [.lease(1, to: 3)])
        #expect(pool.acquire(6, for: other) == [.lease(3, to: 6)])
    }

    @Test func `a broken connection's share is free again, also for one that is idle`() {
        let one = UUID()
        var pool = LeasePool(maximum: 2)
        _ = pool.acquire(1, for: one)
        _ = pool.opened(1, at: now)
        _ = pool.acquire(2)
        _ = pool.opened(2, at: now)
        #expect(pool.release(2, reusable: true, at: now) == [])
        #expect(pool.acquire(3, for: one) == [])
        #expect(pool.release(1, reusable: false, at: now) == [.close(1), .lease(2, to: 3)])
    }

    @Test func `a failed opening fails all who wait, and the next caller opens anew`() {
        var pool = LeasePool(maximum: 2)
        _ = pool.acquire(1)
        _ = pool.acquire(2)
        #expect(pool.openFailed(1) == [.fail(1), .fail(2)])
        #expect(pool.openFailed(2) == [])
        #expect(pool.acquire(3) == [.open(3)])
    }

    @Test func `who has waited too long is failed once`() {
        var pool = LeasePool(maximum: 1)
        _ = pool.acquire(1)
        #expect(pool.expire(1) == [.fail(1)])
        #expect(pool.expire(1) == [])
        #expect(pool.opened(1, at: now) == [])
        #expect(pool.acquire(2) == [.lease(1, to: 2)])
    }

    @Test func `only what has been idle long enough is closed`() {
        var pool = LeasePool(maximum: 3)
        for waiter in 1...2 {
            _ = pool.acquire(waiter)
            _ = pool.opened(waiter, at: now)
        }
        _ = pool.release(1, reusable: true, at: now)
        _ = pool.release(2, reusable: true, at: now + .seconds(10))
        #expect(pool.closeIdle(since: now + .seconds(5)) == [.close(1)])
        #expect(pool.acquire(3) == [.lease(2, to: 3)])
        #expect(pool.acquire(4) == [.open(3)])
    }

    @Test func `an idle connection that was lost is not leased`() {
        var pool = LeasePool(maximum: 1)
        _ = pool.acquire(1)
        _ = pool.opened(1, at: now)
        _ = pool.release(1, reusable: true, at: now)
        pool.lost(1)
        #expect(pool.acquire(2) == [.open(2)])
    }
}
