import Testing

@testable import AlertsService

@Suite struct PartitionLeasesTests {
    private let start = ContinuousClock.now

    @Test func anInstanceAloneTakesEverything() {
        var leases = PartitionLeases(instance: "a", duration: .seconds(5))
        let actions = leases.plan(.init(instances: ["a"], holders: [nil, nil, nil]))
        #expect(actions == [.acquire(0), .acquire(1), .acquire(2)])
        for action in actions { leases.finished(action, succeeded: action != .acquire(1), begunAt: start) }
        #expect(leases.held(at: start) == [0, 2])
    }

    @Test func aNewInstanceIsGivenItsShare() {
        var first = PartitionLeases(instance: "a", duration: .seconds(5))
        hold([0, 1, 2, 3, 4], &first)
        let actions = first.plan(.init(instances: ["a", "b"], holders: Array(repeating: "a", count: 5)))
        #expect(actions == [.renew(0), .renew(1), .renew(2), .release(3), .release(4)])

        var second = PartitionLeases(instance: "b", duration: .seconds(5))
        let holders = ["a", "a", "a", nil, nil]
        #expect(second.plan(.init(instances: ["a", "b"], holders: holders)) == [.acquire(3), .acquire(4)])
    }

    @Test(arguments: 1...20)
    func sharesCoverEveryPartitionOnce(_ count: Int) {
        let instances = (0..<count).map { "instance-\($0)" }
        let survey = PartitionLeases.Survey(instances: instances, holders: Array(repeating: nil, count: 16))
        let shares = instances.map { name in
            var leases = PartitionLeases(instance: name, duration: .seconds(5))
            return leases.plan(survey).count
        }
        #expect(shares.reduce(0, +) == 16)
        #expect((shares.max() ?? 0) - (shares.min() ?? 0) <= 1)
    }

    @Test func aLeaseThatIsNotRenewedEndsByItself() {
        var leases = PartitionLeases(instance: "a", duration: .seconds(5))
        hold([0], &leases)
        #expect(leases.held(at: start.advanced(by: .milliseconds(4_999))) == [0])
        #expect(leases.held(at: start.advanced(by: .seconds(5))).isEmpty)
    }

    @Test func whatAnotherHoldsByNowIsForgotten() {
        var leases = PartitionLeases(instance: "a", duration: .seconds(5))
        hold([0, 1], &leases)
        #expect(leases.plan(.init(instances: ["a", "b"], holders: ["b", "a"])) == [.renew(1)])
        #expect(leases.held(at: start) == [1])
        leases.finished(.renew(1), succeeded: false, begunAt: start)
        #expect(leases.held(at: start).isEmpty)
    }

    @Test func shutdownGivesUpEverything() {
        var leases = PartitionLeases(instance: "a", duration: .seconds(5))
        hold([2, 1], &leases)
        #expect(leases.releaseAll() == [.release(1), .release(2)])
    }

    private func hold(_ partitions: [Int], _ leases: inout PartitionLeases) {
        for partition in partitions { leases.finished(.acquire(partition), succeeded: true, begunAt: start) }
    }
}
