import EventBus
import FoundationEssentials
import Kernel
import Postgres
import Redis
import Testing

@testable import AlertsService

@Suite struct PartitionStateTests {
    private let rule = Rule(.above(30))
    private let device = UUID.v7()

    private func entry(_ readings: [(Int64, Double)], of sensor: String = "temperature") -> TelemetryEntry {
        readings.reduce(into: TelemetryEntry()) { entry, reading in
            entry.append(
                sensor, of: device, in: rule.organizationID, at: .seconds(reading.0), value: reading.1, quality: 2)
        }
    }

    private func id(_ second: UInt64) -> StreamID { StreamID(milliseconds: second * 1_000) }

    @Test func `alerts begin, are counted and end, also within one entry`() throws {
        var partition = StoredPartition([rule])
        try partition.take(entry([(1, 31), (2, 32), (3, 20), (4, 33)]), at: id(10))
        #expect(partition.history.map(\.count).sorted() == [1, 2])
        #expect(partition.history.filter { $0.ended == nil }.count == 1)
        try partition.take(entry([(5, 34)]), at: id(11))
        try partition.take(entry([(6, 29)]), at: id(12))
        #expect(partition.history.map(\.count).sorted() == [2, 2])
        #expect(partition.history.allSatisfy { $0.ended != nil })
    }

    @Test func `readings in the wrong order are put in order within an entry, and late ones are not evaluated`() throws
    {
        var partition = StoredPartition([rule])
        try partition.take(entry([(3, 20), (2, 31)]), at: id(10))
        #expect(partition.history.map(\.ended) == [.seconds(10)])
        try partition.take(entry([(1, 40), (3, 40)]), at: id(11))
        #expect(partition.history.count == 1)
    }

    @Test func `a timer fires when the stream has come so far, and once`() throws {
        let silent = Rule(.of(.noData(sensor: "temperature", windowSeconds: 60)))
        var partition = StoredPartition([silent])
        let entry = [(100, 1.0)].reduce(into: TelemetryEntry()) { entry, reading in
            entry.append(
                "temperature", of: device, in: silent.organizationID, at: .seconds(Int64(reading.0)), value: reading.1,
                quality: 2)
        }
        try partition.take(entry, at: id(101))
        try partition.pass(to: .seconds(159))
        #expect(partition.history.isEmpty)
        partition.crash()
        try partition.pass(to: .seconds(160))
        try partition.pass(to: .seconds(500))
        #expect(partition.history.map(\.begun) == [.seconds(160)])
        partition.crash()
        try partition.pass(to: .seconds(600))
        #expect(partition.history.count == 1)
    }

    @Test func `what began before a rule was changed does not begin anew when states are brought up to date`() throws {
        var partition = StoredPartition([rule])
        try partition.take(entry([(1, 25)]), at: id(10), isDue: true)
        try partition.take(entry([(2, 26)]), at: id(11), isCountDue: false, isDue: false)
        partition.rules[rule.organizationID] = OrganizationRules(
            index: RuleIndex([rule.changed(to: .above(20))]), calendar: .empty)
        partition.crash()
        #expect(partition.changes.isEmpty)
        try partition.take(entry([(3, 27)]), at: id(12))
        #expect(partition.history.count == 1)
    }

    @Test func `nothing begins while the device is worked at, and what holds begins afterwards`() throws {
        let window = MaintenanceWindow(.all, .once(from: .seconds(0), to: .seconds(50)))
        var partition = StoredPartition([rule], calendar: MaintenanceCalendar([window]))
        try partition.take(entry([(1, 40)]), at: id(10))
        for second in stride(from: Int64(11), to: 50, by: 1) { try partition.pass(to: .seconds(second)) }
        #expect(partition.history.isEmpty)
        for second in stride(from: Int64(50), to: 60, by: 1) { try partition.pass(to: .seconds(second)) }
        #expect(partition.history.count == 1)
    }

    @Test func `an offline device is told of after its time, and once`() throws {
        let offline = Rule(.of(.deviceOffline(holdSeconds: 60)), organization: rule.organizationID)
        var partition = StoredPartition([offline, rule])
        partition.profiles[device] = DeviceProfile(
            attributes: DeviceAttributes(name: "Fridge", projectID: nil, tags: []),
            condition: .init(isOffline: true, time: .seconds(20)))
        try partition.take(entry([(1, 20)]), at: id(10))
        partition.crash()
        try partition.pass(to: .seconds(79))
        #expect(partition.history.isEmpty)
        try partition.pass(to: .seconds(80))
        partition.crash()
        try partition.pass(to: .seconds(200))
        #expect(partition.history.map(\.key.ruleID) == [offline.id])
    }

    @Test func `a silent device of which nothing can come is forgotten, and goes on where it was when it is back`()
        throws
    {
        let patient = Rule(.above(30, cooldownMinutes: 120), organization: rule.organizationID)
        var partition = StoredPartition([patient])
        try partition.take(entry([(1, 31)]), at: id(10))
        try partition.take(entry([(2, 20)]), at: id(11))
        try partition.pass(to: .seconds(11 + 3_599))
        #expect(partition.state.devices.count == 1)
        try partition.pass(to: .seconds(11 + 3_600))
        #expect(partition.state.devices.isEmpty)
        // It has not cooled down, and knows what it has read.
        try partition.take(entry([(2, 40), (3, 31), (4, 20)]), at: id(3_700))
        #expect(partition.history.count == 1)
        partition.crash()
        #expect(partition.state.devices.isEmpty)
        try partition.take(entry([(4, 40), (5, 31)]), at: id(7_300))
        #expect(partition.history.map(\.begun) == [.seconds(10), .seconds(7_300)])
        #expect(partition.history.last?.count == 1)
    }

    static let watched: [(String, RuleDefinition)] = [
        ("an alert stands", .above(30)), ("the condition has held", .above(30, holdSeconds: 86_400)),
        ("silence is yet to be told of", .of(.noData(sensor: "temperature", windowSeconds: 86_400))),
    ]

    @Test(arguments: watched)
    func `a silent device is not forgotten while`(_ name: String, _ definition: RuleDefinition) throws {
        var partition = StoredPartition([Rule(definition, organization: rule.organizationID)])
        try partition.take(entry([(1, 31)]), at: id(10))
        try partition.pass(to: .seconds(80_000))
        #expect(partition.state.devices.count == 1, "\(name)")
        partition.crash()
        #expect(partition.state.devices.count == 1, "\(name), also after a crash")
    }

    @Test func `timers come in the order of their deadlines`() {
        let timers = ([5, 3, 9, 1, 7, 3] as [Int64]).map { second in
            RuleTimer(deadline: .seconds(second), deviceID: device, sensorType: "", ruleID: rule.id)
        }
        for split in 0...timers.count {
            var heap = TimerHeap(Array(timers.prefix(split)))
            for timer in timers.dropFirst(split) { heap.insert(timer) }
            #expect(!heap.isDue(at: .seconds(0)) && heap.isDue(at: .seconds(1)))
            var taken: [Timestamp] = []
            while let timer = heap.takeDue(at: .seconds(7)) { taken.append(timer.deadline) }
            #expect(taken == [1, 3, 3, 5, 7].map { .seconds($0) })
            #expect(heap.count == 1)
        }
    }

    @Test func `no more timers fire at once than may, and the others stay due`() {
        let silent = Rule(.of(.noData(sensor: "temperature", windowSeconds: 60)))
        let organization = silent.organizationID
        let rules = [organization: OrganizationRules(index: RuleIndex([silent]), calendar: .empty)]
        var entry = TelemetryEntry()
        for _ in 0..<10 {
            entry.append("temperature", of: .v7(), in: organization, at: .seconds(100), value: 1, quality: 2)
        }
        var state = PartitionState(position: .zero)
        state.load(entry.devices.map { DeviceState(id: $0, organizationID: organization) })
        state.take(entry, at: id(101), by: rules)
        state.advance(clock: .seconds(200))
        var begun: [Int] = []
        while state.isTimerDue {
            state.begin(TurnBudget(timers: 4))
            state.fireTimers(by: rules)
            begun.append(state.takeOutcome().alerts.count)
        }
        #expect(begun == [4, 4, 2])
    }
}
