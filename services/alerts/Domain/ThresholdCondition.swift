/// What a threshold rule compares a reading with.
enum Comparison: String, Sendable, Codable, CaseIterable {
    case gt, gte, lt, lte, eq, ne, between, outside

    /// Whether it needs a second bound.
    var isRange: Bool { self == .between || self == .outside }
}

/// The condition of a threshold rule; its values are in the unit of the sensor.
struct ThresholdCondition: Sendable, Hashable {
    let comparison: Comparison
    /// The bound, or the lower one of a range.
    let value: Double
    /// The upper bound of a range; bounds belong to the range.
    let high: Double?
    /// How far the value must come back before the condition counts as cleared; nil: to where it is no longer met.
    let clearValue: Double?

    init(_ comparison: Comparison, _ value: Double, high: Double? = nil, clearValue: Double? = nil) {
        self.comparison = comparison
        self.value = value
        self.high = high
        self.clearValue = clearValue
    }

    /// Whether `reading` violates the rule.
    func isMet(by reading: Double) -> Bool {
        switch comparison {
        case .gt: reading > value
        case .gte: reading >= value
        case .lt: reading < value
        case .lte: reading <= value
        case .eq: reading == value
        case .ne: reading != value
        case .between: value <= reading && reading <= (high ?? value)
        case .outside: reading < value || reading > (high ?? value)
        }
    }

    /// Whether `reading` ends an open alert.
    func isCleared(by reading: Double) -> Bool {
        guard !isMet(by: reading) else { return false }
        guard let clearValue else { return true }
        switch comparison {
        case .gt, .gte: return reading <= clearValue
        case .lt, .lte: return reading >= clearValue
        case .eq, .ne, .between, .outside: return true
        }
    }

    /// Says of a reading that violates the rule how it does: `31.5 is above 30`.
    func sentence(for reading: Double) -> String {
        let bound = value.shortest
        let relation =
            switch comparison {
            case .gt: "above \(bound)"
            case .gte: "at or above \(bound)"
            case .lt: "below \(bound)"
            case .lte: "at or below \(bound)"
            case .eq: "equal to \(bound)"
            case .ne: "other than \(bound)"
            case .between: "between \(bound) and \((high ?? value).shortest)"
            case .outside: "outside \(bound) to \((high ?? value).shortest)"
            }
        return "\(reading.shortest) is \(relation)"
    }
}

extension Double {
    /// The shortest text that reads back as this value, whole numbers without a fraction.
    var shortest: String {
        let text = description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
