import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import AlertsService

/// What becomes of a state when somebody changes the rule, and where a device has bounds of its own.
@Suite struct RuleChangeTests {
    @Test func `a rule that is merely renamed goes on where it was`() {
        var renamed = RuleDefinition.above(30, holdSeconds: 60)
        renamed.name = "Far too hot"
        let rule = Rule(.above(30, holdSeconds: 60))
        var state = RuleState()
        #expect(state.outcome(of: .reading(0, 31), rule) == nil)
        #expect(state.deadline(of: rule.changed(to: renamed)) == .seconds(60))
        #expect(state.outcome(of: .reading(60, 31), rule.changed(to: renamed)) == .trigger)
    }

    @Test func `what held by the old bound begins anew unless it holds by the new one`() {
        let rule = Rule(.above(30, holdSeconds: 60))
        for (bound, deadline) in [(31.0, Timestamp?.none), (29, .seconds(60))] {
            var state = RuleState()
            #expect(state.outcome(of: .reading(0, 31), rule) == nil)
            let changed = rule.changed(to: .above(bound, holdSeconds: 60))
            #expect(state.deadline(of: changed) == deadline)
            #expect(state.outcome(of: .tick(60), changed) == (deadline == nil ? nil : .trigger))
        }
    }

    @Test func `an open alert ends by the rule as it is`() {
        let rule = Rule(.above(30))
        var state = RuleState()
        #expect(state.outcome(of: .reading(0, 31), rule) == .trigger)
        #expect(state.outcome(of: .reading(1, 31), rule.changed(to: .above(40))) == .resolve)
    }

    @Test func `as another kind it still knows when the sensor was read last, and keeps silent as long`() {
        let rule = Rule(.above(30, cooldownMinutes: 5))
        let changed = rule.changed(to: .of(.noData(sensor: "temperature", windowSeconds: 60), cooldownMinutes: 5))
        var state = RuleState()
        #expect(state.outcome(of: .reading(0, 31), rule) == .trigger)
        #expect(state.outcome(of: .reading(1, 20), rule) == .resolve)
        #expect(state.deadline(of: changed) == .seconds(300))
        #expect(state.outcome(of: .reading(1, 20), changed) == nil)
        #expect(state.outcome(of: .tick(300), changed) == .trigger)
    }

    @Test func `conditions of a composite rule keep what is known of their sensors`() {
        let rule = Rule(.of(.composite(.hotAndWet(.all), holdSeconds: 0)))
        var state = RuleState()
        #expect(state.outcome(of: .reading(1, 25), rule) == nil)
        let warm = CompositeCondition(
            match: .all,
            terms: [
                .init(sensorType: "pressure", condition: .init(.lt, 1_000)),
                .init(sensorType: "temperature", condition: .init(.gt, 20)),
            ])
        let changed = rule.changed(to: .of(.composite(warm, holdSeconds: 0)))
        #expect(state.outcome(of: .reading(1, 10), changed) == nil)
        #expect(state.outcome(of: .reading(2, 990, of: "pressure"), changed) == .trigger)
    }

    @Test func `a device has its own bounds, others have the rule's`() {
        let device = UUID.v7()
        let own = ThresholdOverride(value: 40, high: nil, clearValue: 38)
        let rule = Rule(
            .of(.threshold(sensor: "temperature", .init(.gt, 30), holdSeconds: 0), overrides: [device: own]))
        #expect(rule.resolved(for: device).definition.kind.condition == ThresholdCondition(.gt, 40, clearValue: 38))
        #expect(rule.resolved(for: .v7()) == rule)
    }
}
