import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import AlertsService

@Suite struct RuleReplayTests {
    private let device = UUID.v7()

    @Test func `tells when a rule would have fired and resolved`() {
        var replay = RuleReplay(Rule(.above(30, holdSeconds: 60)), at: device)
        for (second, value) in [(0, 31.0), (100, 20), (200, 32)] {
            replay.take(Reading(time: .seconds(Int64(second)), value: value), of: "temperature")
        }
        replay.finish(at: .seconds(260))
        #expect(replay.firings.map(\.triggeredAt) == [.seconds(60), .seconds(260)])
        #expect(replay.firings.map(\.resolvedAt) == [.seconds(100), nil])
        #expect(replay.firings.map(\.message) == ["temperature 31 is above 30", "temperature 32 is above 30"])
    }

    @Test func `a reading at the very deadline comes before it`() {
        var replay = RuleReplay(Rule(.of(.noData(sensor: "temperature", windowSeconds: 60))), at: device)
        for second in [0, 60, 180] as [Int64] {
            replay.take(Reading(time: .seconds(second), value: 1), of: "temperature")
        }
        replay.finish(at: .seconds(239))
        #expect(
            replay.firings == [
                Firing(
                    deviceID: device, triggeredAt: .seconds(120), resolvedAt: .seconds(180), value: 60,
                    message: "temperature has had no reading for 1 min")
            ])
    }

    @Test func `goes by the device's own bounds`() {
        let own = ThresholdOverride(value: 40, high: nil, clearValue: nil)
        let rule = Rule(
            .of(.threshold(sensor: "temperature", .init(.gt, 30), holdSeconds: 0), overrides: [device: own]))
        for (device, count) in [(device, 0), (UUID.v7(), 1)] {
            var replay = RuleReplay(rule, at: device)
            replay.take(Reading(time: .seconds(1), value: 35), of: "temperature")
            #expect(replay.firings.count == count)
        }
    }
}
