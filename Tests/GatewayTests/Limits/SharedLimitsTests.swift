import Logging
import Metrics
import Redis
import TestKit
import Testing

@testable import Gateway

@Suite("Limits shared by gateways")
struct SharedLimitsTests {
    private let limit = RateLimit(rate: 200, burst: 100)

    @Test(
        "Overloaded, they admit together what one would, within 5 %",
        arguments: [[400, 400], [1000, 100], [150, 150], [300, 300, 300], [3000, 3000]])
    func overload(perSecond: [Int]) {
        var gateways = SimulatedGateways(perSecond.count, address: limit)
        let allowed = gateways.load(perSecond, milliseconds: 10_000)
        let wanted = limit.burst + limit.rate * 10
        #expect((wanted * 0.95...wanted * 1.05).contains(Double(allowed)), "\(allowed) instead of \(wanted)")
    }

    @Test("A burst that all of them got is paid back before more is allowed")
    func burst() {
        var gateways = SimulatedGateways(2, address: limit)
        #expect(gateways.load([100_000, 100_000], milliseconds: 1) == 200)
        // Both have been empty since, and the second bucketful is owed: half a second of the rate.
        _ = gateways.load([0, 0], milliseconds: 300)
        #expect(!gateways.request(0, from: 1))
        #expect(!gateways.request(1, from: 1))
        _ = gateways.load([0, 0], milliseconds: 400)
        #expect(gateways.request(0, from: 1))
        #expect(gateways.request(1, from: 1))
    }

    @Test("What little use there is stays local, and is shared no more when it has ended")
    func coldKeys() {
        var gateways = SimulatedGateways(2, address: limit)
        for address in UInt64(0)..<100 { _ = gateways.request(0, from: address << 32 | address) }
        #expect(gateways.limiters[0].counts.shared == 0)
        _ = gateways.load([1000, 0], milliseconds: 200)
        #expect(gateways.limiters[0].counts.shared == 1)
        #expect(gateways.limiters[1].counts.shared == 0)
        _ = gateways.load([0, 0], milliseconds: 3000)
        #expect(gateways.limiters[0].counts.shared == 0)
    }

    @Test("A key that is used little everywhere is within its limit everywhere")
    func within() {
        var gateways = SimulatedGateways(4, address: limit)
        #expect(gateways.load([40, 40, 40, 40], milliseconds: 5000) == 4 * 40 * 5)
    }

    @Test("Many keys each have their own limit")
    func manyKeys() {
        var gateways = SimulatedGateways(2, address: RateLimit(rate: 20, burst: 20))
        let addresses = (UInt64(0)..<200).map { $0 &* 0x9E37_79B9_7F4A_7C15 }
        var allowed = [Int](repeating: 0, count: addresses.count)
        for round in 0..<8000 {
            // Each address asks each gateway 40 times a second, in turn.
            if round % 25 == 0 {
                for (index, address) in addresses.enumerated() {
                    for gateway in 0...1 where gateways.request(gateway, from: address) { allowed[index] += 1 }
                }
            }
            gateways.tick()
        }
        let wanted = 20.0 + 20 * 8
        for count in allowed { #expect((wanted * 0.9...wanted * 1.1).contains(Double(count)), "\(count)") }
        let total = Double(allowed.reduce(0, +))
        #expect((wanted * 190...wanted * 210).contains(total), "\(total)")
    }

    @Test("Who cannot be told keeps to a part of the limit, and to all of it where there is nobody else")
    func parts() {
        let limiter = SimulatedGateways(1, address: limit).limiters[0]
        func burst(of address: UInt64) -> Int {
            (0..<1000).count { _ in
                limiter.admit(.address, address: address, credential: nil, now: 0).decision?.isAllowed == true
            }
        }
        #expect(burst(of: 1) == 100)
        limiter.meet(gateways: 4)
        limiter.loseOthers()
        #expect(limiter.division == .parts(4))
        #expect(burst(of: 2) == 25)
        limiter.meet(gateways: 1)
        #expect(limiter.division == .whole)
        #expect(burst(of: 3) == 100)
    }

    @Test("What Redis could not be told is told the next time")
    func restored() {
        let limiter = SimulatedGateways(2, address: limit).limiters[0]
        func take(_ count: Int) {
            for _ in 0..<count { _ = limiter.admit(.address, address: 1, credential: nil, now: 0) }
        }
        take(30)
        limiter.share(.address, 1, as: LimitName(text: "1"), now: 0)
        take(5)
        let reports = limiter.collect(now: 0)
        #expect(reports.map(\.taken) == [35])
        #expect(reports.map(\.balance) == [65])
        #expect(limiter.collect(now: 0).map(\.taken) == [0])
        for report in reports { limiter.restore(report) }
        #expect(limiter.collect(now: 0).map(\.taken) == [35])
    }
}

@Suite("What cannot be shared")
struct UnsharedLimitsTests {
    private let second: UInt64 = 1_000_000_000

    @Test("After an outage what was taken is told up to a full bucket and a second of the rate")
    func outage() {
        let limit = RateLimit(rate: 10, burst: 50)
        let limiter = SimulatedGateways(2, address: limit).limiters[0]
        _ = limiter.admit(.address, address: 1, credential: nil, now: 0)
        limiter.share(.address, 1, as: LimitName(text: "1"), now: 0)
        _ = limiter.collect(now: 0)
        limiter.loseOthers()
        var allowed = 0
        for step in 0..<UInt64(6000) {
            let now = step * second / 20
            if limiter.admit(.address, address: 1, credential: nil, now: now).decision?.isAllowed == true {
                allowed += 1
            }
        }
        #expect(allowed > 1000)
        limiter.meet(gateways: 2)
        let reports = limiter.collect(now: 300 * second)
        #expect(reports.map(\.taken) == [60])
        // What Redis did not hear is bounded the same way.
        for report in reports { limiter.restore(report) }
        #expect(limiter.collect(now: 300 * second).map(\.taken) == [60])
    }

    @Test("Where more buckets are used much than are shared, the others have the whole limit at each gateway")
    func full() {
        let limit = RateLimit(rate: 1, burst: 20)
        var table = BucketTable(limit, capacity: 4096, sharedCapacity: 8)
        let keys = (UInt64(1)...16).map { $0 &* 0x9E37_79B9_7F4A_7C15 }
        var allowed: [UInt64: Int] = [:]
        for _ in 0..<30 {
            for key in keys {
                let taken = table.take(key, now: 0, .shared(from: 0.25))
                if taken.decision.isAllowed { allowed[key, default: 0] += 1 }
                if taken.isHot { table.share(key, as: LimitName(text: "\(key)"), now: 0) }
            }
        }
        #expect(table.sharedCount == 8)
        #expect(allowed.values.allSatisfy { $0 == 20 })
        #expect(allowed.count == 16)
        // Those that are full again make room.
        var reports: [LimitReport] = []
        table.collect(.address, now: 0, into: &reports)
        #expect(reports.count == 8)
        table.collect(.address, now: 100 * second, into: &reports)
        #expect(table.sharedCount == 0)
        for _ in 0..<10 where table.take(keys[15], now: 100 * second, .shared(from: 0.25)).isHot {
            table.share(keys[15], as: LimitName(text: "16"), now: 100 * second)
        }
        #expect(table.sharedCount == 1)
    }

    @Test("What was to follow a batch that failed is told the next time")
    func batches() async throws {
        let configuration = try RedisConfiguration(url: await TestServers.shared().newRedisURL())
        let limiter = SimulatedGateways(2, address: RateLimit(rate: 0.001, burst: 100)).limiters[0]
        let keys = (UInt64(1)...600).map { $0 &* 0x9E37_79B9_7F4A_7C15 }
        for key in keys {
            for _ in 0..<3 { _ = limiter.admit(.address, address: key, credential: nil, now: 0) }
            limiter.share(.address, key, as: LimitName(text: "\(key)"), now: 0)
        }
        let redis = RedisClient(configuration)
        try await redis.withConnection { connection in
            // What Redis cannot take from.
            for key in keys { _ = try await connection.send(RedisCommand("SET", "\(key)", "x")) }
        }
        let exchange = LimitExchange(
            limiter: limiter, redis: redis, settings: .init(), id: "a",
            metrics: LimitMetrics(factory: NOOPMetricsHandler.instance),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let succeeded = try await withThrowingTaskGroup(of: Bool?.self) { tasks in
            tasks.addTask {
                await redis.run()
                return nil
            }
            tasks.addTask {
                try await eventually { (try? await redis.send(RedisCommand("PING"))) != nil }
                return await exchange.exchange()
            }
            defer { tasks.cancelAll() }
            return try await tasks.first { $0 != nil } ?? nil
        }
        #expect(succeeded == false)
        let taken = limiter.collect(now: 0).map(\.taken)
        #expect(taken.count { $0 == 3 } == 600 - 256)
        #expect(taken.count { $0 == 0 } == 256)
    }
}

@Suite("Connections of an address")
struct AddressConnectionsTests {
    @Test("An address has so many, whatever others have, and is forgotten with its last")
    func limit() {
        let connections = AddressConnections(limit: 2)
        #expect(connections.open(1) && connections.open(1))
        #expect(!connections.open(1))
        #expect(connections.open(2))
        connections.close(1)
        #expect(connections.open(1))
        for address in [1, 1, 2] as [UInt64] { connections.close(address) }
        #expect(connections.count == 0)
    }
}
