import NIOCore
import Testing

@testable import Gateway

@Suite("The copies of a service on an event loop")
struct UpstreamPoolTests {
    private func copy(_ port: Int) throws -> UpstreamCopy {
        UpstreamCopy(address: try SocketAddress(ipAddress: "127.0.0.1", port: port), name: "127.0.0.1:\(port)")
    }

    private func pool(_ policy: UpstreamPolicy = UpstreamPolicy()) -> UpstreamPool {
        UpstreamPool(policy: policy, idleLimit: 8, idleTimeout: .seconds(30))
    }

    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    /// Takes a place at a copy.
    private func lease(_ pool: UpstreamPool, after failed: UpstreamEndpoint? = nil) -> UpstreamEndpoint? {
        guard case .connect(let endpoint) = pool.lease(now: now, fresh: false, after: failed) else { return nil }
        return endpoint
    }

    private func ports(_ pool: UpstreamPool, _ count: Int) -> [Int] {
        (0..<count).compactMap { _ in lease(pool)?.address.port }.sorted()
    }

    @Test("Requests spread evenly while they are under way")
    func spread() throws {
        let pool = pool()
        pool.update([try copy(1), try copy(2)], now: now)
        #expect(ports(pool, 6) == [1, 1, 1, 2, 2, 2])
        #expect(pool.outstanding == 6)
    }

    @Test("A copy that vanishes gets no new requests, and what is under way there is counted to its end")
    func vanished() throws {
        let pool = pool()
        pool.update([try copy(1), try copy(2)], now: now)
        let held = try #require([lease(pool), lease(pool)].compactMap { $0 }.first { $0.address.port == 1 })
        pool.update([try copy(2)], now: now)
        #expect(ports(pool, 4) == [2, 2, 2, 2])
        #expect(pool.outstanding == 6)
        pool.forget(held)
        #expect(pool.outstanding == 5)
        #expect(held.outstanding == 0)
    }

    @Test("A copy that joins others starts slowly, the first ones do not")
    func joins() throws {
        let policy = UpstreamPolicy()
        let pool = pool(policy)
        pool.update([try copy(1)], now: now)
        #expect(lease(pool)?.health.share(policy, now: now) == 1)
        pool.update([try copy(2), try copy(1)], now: now)
        let failed = try #require(lease(pool))
        let other = try #require(lease(pool, after: failed))
        let shares = Dictionary(
            uniqueKeysWithValues: [failed, other].map { ($0.address.port ?? 0, $0.health.share(policy, now: now)) })
        #expect(shares == [1: 1, 2: CopyHealth.firstShare])
    }

    @Test("What a copy has failed goes to another, and back to it only where there is none")
    func elsewhere() throws {
        let pool = pool()
        pool.update([try copy(1), try copy(2)], now: now)
        let failed = try #require(lease(pool))
        for _ in 0..<5 { #expect(lease(pool, after: failed)?.address.port != failed.address.port) }
        let other = try #require(lease(pool, after: failed))
        // The other cannot be connected to.
        #expect(pool.failed(other, .notConnected, now: now) == .available)
        #expect(lease(pool, after: failed) === failed)
        #expect(pool.failed(failed, .notConnected, now: now) == .soon)
    }

    @Test(
        "No more copies are ejected than may be, those that are not ready counted",
        arguments: [(0, 2), (1, 1), (2, 0)])
    func half(unready: Int, ejections: Int) throws {
        var policy = UpstreamPolicy()
        policy.ejectAfter = 1
        let pool = pool(policy)
        var copies = try (1...5).map(copy)
        pool.update(copies, now: now)
        // Each gets requests, as those under way stay.
        var endpoints: [Int: UpstreamEndpoint] = [:]
        for _ in 0..<1000 where endpoints.count < 5 {
            if let endpoint = lease(pool), let port = endpoint.address.port { endpoints[port] = endpoint }
        }
        try #require(endpoints.count == 5)
        for index in 0..<unready {
            copies[index].checks.record(.answered(isReady: false, latency: 1), CheckedReadiness.Thresholds())
        }
        pool.update(copies, now: now)
        for port in 3...5 { _ = pool.failed(try #require(endpoints[port]), .closed, now: now) }
        #expect(pool.counts.ejections == ejections)
        #expect(pool.ejected(now: now) == ejections)
    }

    @Test(
        "Answers are failures by their status",
        arguments: [(502, true), (503, false), (504, true), (500, false), (501, false), (404, false), (200, false)])
    func statuses(status: Int, isFailure: Bool) throws {
        var policy = UpstreamPolicy()
        policy.ejectAfter = 2
        let pool = pool(policy)
        pool.update([try copy(1), try copy(2)], now: now)
        let endpoint = try #require(lease(pool))
        for _ in 0..<2 { pool.answered(endpoint, status: status, now: now) }
        #expect(endpoint.health.isEjected(now: now) == isFailure)
    }

    @Test("A copy that is passed over for failing is used where the others take no connections")
    func ejectedBeforeAway() throws {
        var policy = UpstreamPolicy()
        policy.ejectAfter = 1
        let pool = pool(policy)
        pool.update([try copy(1), try copy(2)], now: now)
        let failing = try #require(lease(pool))
        let away = try #require(lease(pool, after: failing))
        _ = pool.failed(failing, .closed, now: now)
        #expect(failing.health.isEjected(now: now))
        pool.forget(away)
        #expect(pool.failed(away, .notConnected, now: now) == .available)
        // It has nothing to do, and yet it is not the better one.
        for _ in 0..<5 { #expect(lease(pool) === failing) }
    }

    @Test("Where no copy is ready, what one does not take goes to another")
    func noneReady() throws {
        let pool = pool()
        var copies = [try copy(1), try copy(2)]
        pool.update(copies, now: now)
        for index in copies.indices {
            copies[index].checks.record(.answered(isReady: false, latency: 1), CheckedReadiness.Thresholds())
        }
        pool.update(copies, now: now)
        let away = try #require(lease(pool))
        #expect(pool.failed(away, .notConnected, now: now) == .available)
        let other = try #require(lease(pool, after: away))
        #expect(other !== away)
        #expect(pool.failed(other, .notConnected, now: now) == .none)
    }

    @Test("A copy that was ejected and is away now is the last to be tried, and no other to itself")
    func ejectedAndAway() throws {
        var policy = UpstreamPolicy()
        policy.ejectAfter = 1
        let pool = pool(policy)
        var copies = [try copy(1), try copy(2)]
        pool.update(copies, now: now)
        let away = try #require(lease(pool))
        let other = try #require(lease(pool, after: away))
        _ = pool.failed(away, .closed, now: now)
        #expect(away.health.isEjected(now: now))
        let unready = other.address.port == 1 ? 0 : 1
        copies[unready].checks.record(.answered(isReady: false, latency: 1), CheckedReadiness.Thresholds())
        pool.update(copies, now: now)
        pool.forget(away)
        #expect(pool.failed(away, .notConnected, now: now) == .soon)
        for _ in 0..<5 { #expect(lease(pool) === other) }
    }

    @Test("Where the copies that are well have as many requests as they may, those passed over get none")
    func fullAndUnready() throws {
        var policy = UpstreamPolicy()
        policy.maximumRequests = 2
        let pool = pool(policy)
        var copies = [try copy(1), try copy(2)]
        copies[1].checks.record(.answered(isReady: false, latency: 1), CheckedReadiness.Thresholds())
        pool.update(copies, now: now)
        #expect(ports(pool, 3) == [1, 1])
        #expect(pool.counts.overloads == 1)
    }

    @Test("Requests under way at a copy are bounded over all event loops, and a free place is taken again")
    func limit() throws {
        var policy = UpstreamPolicy()
        policy.maximumRequests = 3
        let copies = [try copy(1), try copy(2)]
        let pools = [pool(policy), pool(policy)]
        for pool in pools { pool.update(copies, now: now) }
        var held = ports(pools[0], 4)
        #expect(held == [1, 1, 2, 2])
        let last = try #require(lease(pools[1]))
        held = ports(pools[1], 5)
        #expect(held.count == 1)
        for pool in pools {
            guard case .full = pool.lease(now: now, fresh: false) else {
                Issue.record("There is still a place.")
                return
            }
        }
        #expect(pools.map(\.counts.overloads) == [1, 5])
        pools[1].forget(last)
        #expect(ports(pools[0], 2) == [last.address.port])
    }

    @Test("What is under way at a copy stays counted where its host gets another name")
    func renamed() throws {
        var policy = UpstreamPolicy()
        policy.maximumRequests = 3
        let pools = [pool(policy), pool(policy)]
        let before = try copy(1)
        for pool in pools { pool.update([before], now: now) }
        let held = try #require(lease(pools[0]))
        let after = UpstreamCopy(address: before.address, name: "other:1")
        pools[0].update([after], now: now)
        // This one has seen that the old name was gone, too.
        pools[1].update([], now: now)
        pools[1].update([after], now: now)
        #expect(ports(pools[1], 4) == [1, 1])
        pools[0].forget(held)
        #expect(ports(pools[1], 4) == [1])
    }

    @Test(
        "A client that leaves counts against a copy that has answered nobody for long, and against no other",
        arguments: [(4.9, 100.0, false), (5, 100, true), (60, 4.9, false), (60, 5, true)])
    func abandoned(sentAgo: Double, answeredAgo: Double, isFailure: Bool) throws {
        func ago(_ seconds: Double) -> NIODeadline { now - .nanoseconds(Int64(seconds * 1e9)) }
        var policy = UpstreamPolicy()
        policy.ejectAfter = 1
        let pool = pool(policy)
        pool.update([try copy(1), try copy(2)], now: now)
        let endpoint = try #require(lease(pool))
        endpoint.lastAnswer = ago(answeredAgo)
        let counts = pool.abandoned(endpoint, sent: ago(sentAgo), patience: .seconds(5), now: now)
        #expect(counts == isFailure)
        #expect(endpoint.health.isEjected(now: now) == isFailure)
    }

    @Test("No copy is known until one is told")
    func none() throws {
        let pool = pool()
        guard case .none = pool.lease(now: now, fresh: false) else {
            Issue.record("There is a copy.")
            return
        }
        #expect(pool.counts.overloads == 0)
    }
}
