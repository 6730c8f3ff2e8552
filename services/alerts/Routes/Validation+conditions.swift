import HTTPKit

extension Validation {
    /// A condition must be one that values can meet, and clear where its bounds let it.
    ///
    /// - Parameter path: What stands before the names of its fields.
    /// - Returns: nil where there is none to make.
    mutating func threshold(_ document: ConditionDocument, at path: String = "") -> ThresholdCondition? {
        let comparison = document.condition.flatMap(Comparison.init)
        require(
            comparison != nil, path + "condition", "must be one of \(Comparison.allCases.map(\.rawValue).listed)")
        require(document.thresholdValue != nil, path + "threshold_value", "is required")
        let bounds = [
            ("threshold_value", document.thresholdValue), ("threshold_value_high", document.thresholdValueHigh),
            ("clear_value", document.clearValue),
        ]
        for (field, bound) in bounds { finite(bound, path + field) }
        guard let comparison, let condition = document.threshold else { return nil }
        range(of: condition, comparison, path)
        clearing(of: condition, path)
        return condition
    }

    /// A number must be one that JSON can hold.
    mutating func finite(_ value: Double?, _ field: String) {
        require(value?.isFinite ?? true, field, "must be a finite number")
    }

    private mutating func range(of condition: ThresholdCondition, _ comparison: Comparison, _ path: String) {
        let field = path + "threshold_value_high"
        switch (comparison.isRange, condition.high) {
        case (true, nil): reject(field, "is required with \(comparison.rawValue)")
        case (true, let high?): require(condition.value <= high, field, "must not be below threshold_value")
        case (false, _?): reject(field, "has a meaning only with between and outside")
        case (false, nil): break
        }
    }

    private mutating func clearing(of condition: ThresholdCondition, _ path: String) {
        guard let clearValue = condition.clearValue else { return }
        let field = path + "clear_value"
        switch condition.comparison {
        case .gt, .gte: require(clearValue <= condition.value, field, "must not be above threshold_value")
        case .lt, .lte: require(clearValue >= condition.value, field, "must not be below threshold_value")
        case .eq, .ne, .between, .outside: reject(field, "has a meaning only with gt, gte, lt and lte")
        }
    }
}

extension [String] {
    /// `a, b, c`.
    var listed: String { joined(separator: ", ") }
}
