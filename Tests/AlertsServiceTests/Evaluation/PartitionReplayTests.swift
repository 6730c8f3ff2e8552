import EventBus
import FoundationEssentials
import Kernel
import Postgres
import Redis
import TestKit
import Testing

@testable import AlertsService

/// What holds of a partition whose holder dies now and then.
@Suite struct PartitionReplayTests {
    private static let organization = UUID.v7()
    private static let devices = (0..<3).map { _ in UUID.v7() }

    /// Half of the rules are older than all readings, half are newer, so that what may be left out of a state is and is not.
    private static let rules: [Rule] = [
        .above(5), .above(5, clearValue: 3, cooldownMinutes: 1), .above(5, holdSeconds: 20, cooldownMinutes: 2),
        .of(.rateOfChange(sensor: "temperature", .init(.gt, 4, clearValue: 1), windowSeconds: 60)),
        .of(.noData(sensor: "temperature", windowSeconds: 30), cooldownMinutes: 1),
        .of(.noData(sensor: "humidity", windowSeconds: 50)),
        .of(.dataQuality(sensor: "temperature", .init(grade: .poor, share: .init(.gte, 40), windowSeconds: 90))),
        .of(
            .composite(
                CompositeCondition(
                    match: .all,
                    terms: [
                        .init(sensorType: "temperature", condition: .init(.gt, 5)),
                        .init(sensorType: "humidity", condition: .init(.gt, 5)),
                    ]), holdSeconds: 10)),
    ].enumerated().map { index, definition in
        Rule(
            id: .v7(), organizationID: organization, definition: definition, version: 1,
            createdAt: index.isMultiple(of: 2) ? .seconds(0) : .now, lastUpdated: .now)
    }

    @Test(arguments: (0..<60).map { UInt64($0) })
    func `readings come to the same alerts, wherever memory is lost between them`(_ seed: UInt64) throws {
        let entries = Self.entries(seed)
        var whole = StoredPartition(Self.rules)
        for (id, entry) in entries { try whole.take(entry, at: id) }

        var random = SplitMix64(seed: seed)
        var broken = StoredPartition(Self.rules)
        for (id, entry) in entries {
            try broken.take(
                entry, at: id, isCountDue: Int.random(in: 0..<4, using: &random) == 0,
                isDue: Int.random(in: 0..<8, using: &random) == 0)
            if Int.random(in: 0..<5, using: &random) == 0 { broken.crash() }
        }
        // All that was counted is stored by then.
        let end = Timestamp(entry: try #require(entries.last).id)
        try whole.pass(to: end)
        try broken.pass(to: end)
        #expect(!whole.history.isEmpty)
        #expect(whole.history == broken.history, "seed \(seed)")
    }

    @Test(arguments: (0..<60).map { UInt64($0) })
    func `readings come to the same alerts, however many of them a turn takes before memory is lost`(_ seed: UInt64)
        throws
    {
        let entries = Self.entries(seed)
        var whole = StoredPartition(Self.rules)
        for (id, entry) in entries { try whole.take(entry, at: id) }
        var cut = StoredPartition(Self.rules)
        var random = SplitMix64(seed: seed)
        try cut.take(entries, inTurnsBy: &random)
        #expect(!whole.history.isEmpty)
        #expect(whole.history == cut.history, "seed \(seed)")
    }

    @Test func `what one entry brings about is stored in several turns, where it is very much`() throws {
        let rules = (0..<20).map { _ in
            Rule(
                id: .v7(), organizationID: Self.organization, definition: .above(5), version: 1, createdAt: .now,
                lastUpdated: .now)
        }
        var entry = TelemetryEntry()
        for second in 0..<Int64(200) {
            entry.append(
                "temperature", of: Self.devices[0], in: Self.organization, at: .seconds(second),
                value: second.isMultiple(of: 2) ? 9 : 1, quality: 1)
        }
        var stored = StoredPartition(rules)
        let most = try stored.take(entry, at: StreamID(milliseconds: 1_000_000), atMost: 40)
        // The last reading may bring one of each rule.
        #expect(most <= 40 + 20)
        #expect(stored.changes.count == 200 * 20)
        #expect(stored.history.count == 100 * 20 && stored.history.allSatisfy { $0.ended != nil && $0.count == 1 })
    }

    /// Readings of some devices and sensors, some late, repeated, bad or texts.
    private static func entries(_ seed: UInt64) -> [(id: StreamID, entry: TelemetryEntry)] {
        var random = SplitMix64(seed: seed)
        var now: Int64 = 1_000
        return (0..<120).map { _ in
            now += Int64.random(in: 1...25, using: &random)
            var entry = TelemetryEntry()
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let isText = Int.random(in: 0..<15, using: &random) == 0
                entry.append(
                    Bool.random(using: &random) ? "temperature" : "humidity",
                    of: devices.randomElement(using: &random) ?? devices[0], in: organization,
                    at: .seconds(now - Int64.random(in: 0...12, using: &random)),
                    value: isText ? .nan : Double(Int.random(in: 0...9, using: &random)),
                    quality: Int16.random(in: 1...5, using: &random))
            }
            return (StreamID(milliseconds: UInt64(now) * 1_000), entry)
        }
    }
}
