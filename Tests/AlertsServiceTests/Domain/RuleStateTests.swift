import Postgres
import Testing

@testable import AlertsService

@Suite struct RuleStateTests {
    /// One reading: when it was measured, in seconds, its value, and what comes of it.
    struct Step: Sendable {
        let time: Int64
        let value: Double
        let action: RuleAction?
        /// The system's clock, when it is not the reading's.
        var now: Int64?
    }

    static let scenarios: [(String, RuleDefinition, [Step])] = [
        (
            "an alert begins, goes on and ends",
            .above(30),
            [
                Step(time: 1, value: 20, action: nil), Step(time: 2, value: 31, action: .trigger),
                Step(time: 3, value: 35, action: .count), Step(time: 4, value: 30, action: .resolve),
                Step(time: 5, value: 29, action: nil), Step(time: 6, value: 31, action: .trigger),
            ]
        ),
        (
            "a late or repeated reading is not evaluated",
            .above(30),
            [
                Step(time: 10, value: 31, action: .trigger), Step(time: 10, value: 20, action: nil),
                Step(time: 9, value: 20, action: nil), Step(time: 11, value: 20, action: .resolve),
                Step(time: 11, value: 40, action: nil), Step(time: 5, value: 40, action: nil),
            ]
        ),
        (
            "between the threshold and the clear value an open alert stays open, a closed one closed",
            .above(30, clearValue: 28),
            [
                Step(time: 1, value: 29, action: nil), Step(time: 2, value: 31, action: .trigger),
                Step(time: 3, value: 29, action: nil), Step(time: 4, value: 28, action: .resolve),
                Step(time: 5, value: 29, action: nil),
            ]
        ),
        (
            "the condition must hold without a break for as long as the rule says",
            .above(30, holdSeconds: 60),
            [
                Step(time: 0, value: 31, action: nil), Step(time: 59, value: 31, action: nil),
                Step(time: 60, value: 20, action: nil), Step(time: 61, value: 31, action: nil),
                Step(time: 120, value: 31, action: nil), Step(time: 121, value: 31, action: .trigger),
            ]
        ),
        (
            "after an alert the rule is silent until it has cooled down, by this system's clock",
            .above(30, cooldownMinutes: 1),
            [
                Step(time: 1, value: 31, action: .trigger, now: 100),
                Step(time: 2, value: 20, action: .resolve, now: 101),
                Step(time: 300, value: 31, action: nil, now: 159),
                Step(time: 301, value: 31, action: .trigger, now: 160),
            ]
        ),
    ]

    @Test(arguments: scenarios)
    func follows(_ name: String, _ rule: RuleDefinition, _ steps: [Step]) {
        var state = RuleState()
        for step in steps {
            let reading = Reading(time: .seconds(step.time), value: step.value)
            let action = state.evaluate(reading, of: rule, at: .seconds(step.now ?? step.time))
            #expect(action == step.action, "\(name), at \(step.time)")
        }
    }

    @Test func anAlertResolvedByHandBeginsAgainWhileTheConditionHolds() {
        var state = RuleState()
        #expect(state.evaluate(Reading(time: .seconds(1), value: 31), of: .above(30), at: .seconds(1)) == .trigger)
        state.isOpen = false
        #expect(state.evaluate(Reading(time: .seconds(2), value: 31), of: .above(30), at: .seconds(2)) == .trigger)
    }
}
