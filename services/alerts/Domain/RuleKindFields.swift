/// A rule's kind spread over the fields that it has in JSON and in the database; those of other kinds are nil.
struct RuleKindFields: Sendable {
    var kind: RuleKind.Name
    /// Empty for kinds that are about the whole device.
    var sensorType = ""
    var condition: Comparison?
    var thresholdValue: Double?
    var thresholdValueHigh: Double?
    var clearValue: Double?
    var forSeconds = 0
    var windowSeconds: Int?
    var quality: String?
    var match: CompositeCondition.Match?
    var conditions: [TermDocument]?
}

extension RuleKindFields {
    init(_ kind: RuleKind) {
        self.init(kind: kind.name, sensorType: kind.sensorType, forSeconds: 0)
        switch kind {
        case .threshold(_, let condition, let seconds):
            set(condition)
            forSeconds = seconds
        case .rateOfChange(_, let condition, let seconds):
            set(condition)
            windowSeconds = seconds
        case .noData(_, let seconds): windowSeconds = seconds
        case .deviceOffline(let seconds): forSeconds = seconds
        case .batteryLow(let condition): (thresholdValue, clearValue) = (condition.value, condition.clearValue)
        case .dataQuality(_, let condition):
            (thresholdValue, clearValue) = (condition.share.value, condition.share.clearValue)
            (quality, windowSeconds) = (condition.grade.name, condition.windowSeconds)
        case .composite(let composite, let seconds):
            (match, conditions, forSeconds) = (composite.match, composite.terms.map(TermDocument.init), seconds)
        }
    }

    private mutating func set(_ condition: ThresholdCondition) {
        self.condition = condition.comparison
        (thresholdValue, thresholdValueHigh, clearValue) = (condition.value, condition.high, condition.clearValue)
    }

    /// The kind that the fields stand for; nil where one of it is missing.
    var ruleKind: RuleKind? {
        switch kind {
        case .threshold: threshold.map { .threshold(sensor: sensorType, $0, holdSeconds: forSeconds) }
        case .rateOfChange:
            threshold.flatMap { threshold in
                windowSeconds.map { .rateOfChange(sensor: sensorType, threshold, windowSeconds: $0) }
            }
        case .noData: windowSeconds.map { .noData(sensor: sensorType, windowSeconds: $0) }
        case .deviceOffline: .deviceOffline(holdSeconds: forSeconds)
        case .batteryLow: bound(.lte).map(RuleKind.batteryLow)
        case .dataQuality: dataQuality
        case .composite: composite
        }
    }

    private var threshold: ThresholdCondition? {
        condition.flatMap { comparison in
            thresholdValue.map {
                ThresholdCondition(comparison, $0, high: thresholdValueHigh, clearValue: clearValue)
            }
        }
    }

    private func bound(_ comparison: Comparison) -> ThresholdCondition? {
        thresholdValue.map { ThresholdCondition(comparison, $0, clearValue: clearValue) }
    }

    private var dataQuality: RuleKind? {
        guard let grade = quality.flatMap(Quality.init(name:)), let share = bound(.gte), let windowSeconds else {
            return nil
        }
        return .dataQuality(
            sensor: sensorType, QualityCondition(grade: grade, share: share, windowSeconds: windowSeconds))
    }

    private var composite: RuleKind? {
        guard let match, let conditions else { return nil }
        let terms = conditions.compactMap(\.term)
        guard terms.count == conditions.count else { return nil }
        return .composite(CompositeCondition(match: match, terms: terms), holdSeconds: forSeconds)
    }
}
