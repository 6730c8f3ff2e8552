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
