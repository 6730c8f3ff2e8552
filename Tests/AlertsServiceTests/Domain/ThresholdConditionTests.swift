import Testing

@testable import AlertsService

@Suite struct ThresholdConditionTests {
    @Test(arguments: [
        (ThresholdCondition(.gt, 30), [30.1], [30, 29]),
        (ThresholdCondition(.gte, 30), [30, 31], [29.9]),
        (ThresholdCondition(.lt, 5), [4.9, -1], [5, 6]),
        (ThresholdCondition(.lte, 5), [5, 4], [5.1]),
        (ThresholdCondition(.eq, 1), [1], [0, 1.5]),
        (ThresholdCondition(.ne, 1), [0, 2], [1]),
        (ThresholdCondition(.between, 20, high: 25), [20, 22, 25], [19.9, 25.1]),
        (ThresholdCondition(.outside, 20, high: 25), [19.9, 25.1], [20, 22, 25]),
    ])
    func isMetByTheValuesItNames(_ condition: ThresholdCondition, _ violating: [Double], _ fine: [Double]) {
        for value in violating { #expect(condition.isMet(by: value)) }
        for value in fine {
            #expect(!condition.isMet(by: value))
            #expect(condition.isCleared(by: value))
        }
    }

    @Test func aClearValueKeepsTheAlertOpenUntilTheValueHasComeBackThatFar() {
        let above = ThresholdCondition(.gt, 30, clearValue: 28)
        #expect(!above.isCleared(by: 31))
        #expect(!above.isCleared(by: 29))
        #expect(above.isCleared(by: 28))
        let below = ThresholdCondition(.lte, 5, clearValue: 7)
        #expect(!below.isCleared(by: 6))
        #expect(below.isCleared(by: 7))
        let tight = ThresholdCondition(.gte, 30, clearValue: 30)
        #expect(!tight.isCleared(by: 30))
    }

    @Test(arguments: [
        (ThresholdCondition(.gt, 30), 31.5, "31.5 is above 30"),
        (ThresholdCondition(.lte, -5.25), -6, "-6 is at or below -5.25"),
        (ThresholdCondition(.outside, 20, high: 25), 30, "30 is outside 20 to 25"),
    ])
    func saysWhatIsWrong(_ condition: ThresholdCondition, _ value: Double, _ sentence: String) {
        #expect(condition.sentence(for: value) == sentence)
    }
}
