import Testing

@testable import AlertsService

@Suite struct CompositeConditionTests {
    typealias Contradiction = CompositeCondition.Contradiction

    static let never = Contradiction.neverMet(sensor: "t")
    static let always = Contradiction.alwaysMet(sensor: "t")

    @Test(
        arguments: [
            (.all, [ThresholdCondition(.gt, 30), ThresholdCondition(.lt, 20)], never),
            (.all, [ThresholdCondition(.gt, 20), ThresholdCondition(.lt, 30)], nil),
            (.all, [ThresholdCondition(.gte, 20), ThresholdCondition(.lte, 20)], nil),
            (.all, [ThresholdCondition(.gt, 20), ThresholdCondition(.lte, 20)], never),
            (.all, [ThresholdCondition(.between, 1, high: 5), ThresholdCondition(.outside, 0, high: 6)], never),
            (.all, [ThresholdCondition(.between, 1, high: 5), ThresholdCondition(.outside, 2, high: 3)], nil),
            (.all, [ThresholdCondition(.eq, 3), ThresholdCondition(.ne, 3)], never),
            (
                .all,
                [ThresholdCondition(.gt, 1), ThresholdCondition(.lt, 3), ThresholdCondition(.outside, 0, high: 4)],
                never
            ),
            (.any, [ThresholdCondition(.gt, 20), ThresholdCondition(.lte, 20)], always),
            (.any, [ThresholdCondition(.gt, 20), ThresholdCondition(.lt, 20)], nil),
            (.any, [ThresholdCondition(.ne, 3), ThresholdCondition(.eq, 3)], always),
            (.any, [ThresholdCondition(.between, 1, high: 5), ThresholdCondition(.outside, 1, high: 5)], always),
            (.any, [ThresholdCondition(.gt, 30), ThresholdCondition(.lt, 20)], nil),
            (.any, [ThresholdCondition(.lte, 1e300), ThresholdCondition(.gte, -1e300)], always),
        ] as [(CompositeCondition.Match, [ThresholdCondition], Contradiction?)])
    func `what no value or every value meets is found`(
        _ match: CompositeCondition.Match, _ conditions: [ThresholdCondition], _ contradiction: Contradiction?
    ) {
        let terms = conditions.map { CompositeCondition.Term(sensorType: "t", condition: $0) }
        #expect(CompositeCondition(match: match, terms: terms).contradiction == contradiction)
        // Of several sensors none contradicts another.
        let spread = terms.enumerated().map {
            CompositeCondition.Term(sensorType: "t\($0.offset)", condition: $0.element.condition)
        }
        #expect(CompositeCondition(match: match, terms: spread).contradiction == nil)
        #expect(CompositeCondition(match: match, terms: spread).sensorTypes.count == terms.count)
    }
}
