import FoundationEssentials
import HTTPKit

extension RuleInput {
    /// In seconds.
    static let windows = 10...7 * 86_400
    static let defaultWindow = 300
    static let conditionCounts = 2...10
    static let mostOverrides = 1_000

    /// The kind that the fields stand for; nil where something of it is wrong, which `check` then says.
    func checkedKind(_ name: RuleKind.Name, _ check: inout Validation) -> RuleKind? {
        checkMeaning(name, &check)
        switch name {
        case .threshold:
            let sensor = checkedSensor(&check)
            guard let condition = check.threshold(condition(of: condition)), let sensor else { return nil }
            return .threshold(sensor: sensor, condition, holdSeconds: forSeconds ?? 0)
        case .rateOfChange:
            let sensor = checkedSensor(&check)
            let window = checkedWindow(&check, otherwise: Self.defaultWindow)
            guard let condition = check.threshold(condition(of: condition)), let sensor, let window else { return nil }
            return .rateOfChange(sensor: sensor, condition, windowSeconds: window)
        case .noData:
            let sensor = checkedSensor(&check)
            guard let window = checkedWindow(&check), let sensor else { return nil }
            return .noData(sensor: sensor, windowSeconds: window)
        case .deviceOffline: return .deviceOffline(holdSeconds: forSeconds ?? 0)
        case .batteryLow:
            let condition = check.threshold(condition(of: Comparison.lte.rawValue))
            check.percentages(thresholdValue, clearValue)
            return condition.map(RuleKind.batteryLow)
        case .dataQuality: return checkedQuality(&check)
        case .composite: return checkedComposite(&check)
        }
    }

    /// The kinds of rule that a field has a meaning with, for fields that have none with some.
    static let meanings: [String: Set<RuleKind.Name>] = {
        let bounded: Set<RuleKind.Name> = [.threshold, .rateOfChange, .batteryLow, .dataQuality]
        return [
            "sensor_type": [.threshold, .rateOfChange, .noData, .dataQuality],
            "condition": [.threshold, .rateOfChange], "threshold_value": bounded,
            // Whether there may be one is for the condition to tell.
            "threshold_value_high": bounded,
            "clear_value": bounded, "for_s": [.threshold, .deviceOffline, .composite],
            "window_s": [.rateOfChange, .noData, .dataQuality], "quality": [.dataQuality], "match": [.composite],
            "conditions": [.composite],
        ]
    }()

    /// A field that the kind has no use for is not passed over in silence.
    private func checkMeaning(_ name: RuleKind.Name, _ check: inout Validation) {
        let given: [(field: String, isGiven: Bool)] = [
            ("sensor_type", sensorType != nil), ("condition", condition != nil),
            ("threshold_value", thresholdValue != nil), ("threshold_value_high", thresholdValueHigh != nil),
            ("clear_value", clearValue != nil), ("for_s", (forSeconds ?? 0) != 0), ("window_s", windowSeconds != nil),
            ("quality", quality != nil), ("match", match != nil), ("conditions", conditions != nil),
        ]
        for (field, isGiven) in given where isGiven && Self.meanings[field]?.contains(name) == false {
            check.reject(field, "has no meaning with \(name.rawValue)")
        }
    }

    private func condition(of comparison: String?) -> ConditionDocument {
        ConditionDocument(
            condition: comparison, thresholdValue: thresholdValue, thresholdValueHigh: thresholdValueHigh,
            clearValue: clearValue)
    }

    private func checkedSensor(_ check: inout Validation) -> String? {
        check.require(sensorType != nil, "sensor_type", "is required")
        check.length(of: sensorType, 1...100, "sensor_type")
        return sensorType
    }

    private func checkedWindow(_ check: inout Validation, otherwise: Int? = nil) -> Int? {
        let window = windowSeconds ?? otherwise
        check.require(window != nil, "window_s", "is required")
        check.range(of: window, Self.windows, "window_s")
        return window
    }

    private func checkedQuality(_ check: inout Validation) -> RuleKind? {
        let sensor = checkedSensor(&check)
        let window = checkedWindow(&check, otherwise: Self.defaultWindow)
        let grades = Quality.allCases.filter { $0 > .good }
        let grade = Quality(name: quality ?? Quality.poor.name).flatMap { grades.contains($0) ? $0 : nil }
        check.require(grade != nil, "quality", "must be one of \(grades.map(\.name).listed)")
        let share = check.threshold(condition(of: Comparison.gte.rawValue))
        check.percentages(thresholdValue, clearValue)
        check.require(thresholdValue != 0, "threshold_value", "must be above 0")
        guard let sensor, let window, let grade, let share else { return nil }
        return .dataQuality(sensor: sensor, QualityCondition(grade: grade, share: share, windowSeconds: window))
    }

    private func checkedComposite(_ check: inout Validation) -> RuleKind? {
        let match = CompositeCondition.Match(rawValue: match ?? CompositeCondition.Match.all.rawValue)
        let matches = CompositeCondition.Match.allCases.map(\.rawValue)
        check.require(match != nil, "match", "must be one of \(matches.listed)")
        check.require(conditions != nil, "conditions", "is required")
        check.count(of: conditions, Self.conditionCounts, "conditions")
        guard let match, let conditions, Self.conditionCounts.contains(conditions.count) else { return nil }
        var terms: [CompositeCondition.Term] = []
        for (index, document) in conditions.enumerated() {
            let path = "conditions[\(index)]."
            check.require(document.sensorType != nil, path + "sensor_type", "is required")
            check.length(of: document.sensorType, 1...100, path + "sensor_type")
            let condition = check.threshold(document.condition, at: path)
            guard let condition, let sensor = document.sensorType else { continue }
            terms.append(CompositeCondition.Term(sensorType: sensor, condition: condition))
        }
        guard terms.count == conditions.count else { return nil }
        let composite = CompositeCondition(match: match, terms: terms)
        switch composite.contradiction {
        case .neverMet(let sensor):
            check.reject("conditions", "can never all be met: no \(sensor) meets each of its own")
        case .alwaysMet(let sensor): check.reject("conditions", "are always met: every \(sensor) meets one of them")
        case nil: break
        }
        return .composite(composite, holdSeconds: forSeconds ?? 0)
    }
}

extension RuleInput {
    /// Devices' own bounds must fit the rule's comparison as its own do, and be of devices that it is for.
    func checkOverrides(of kind: RuleKind?, _ scope: RuleScope?, _ check: inout Validation) {
        guard let overrides, !overrides.isEmpty, let kind else { return }
        check.count(of: overrides, 0...Self.mostOverrides, "overrides")
        guard kind.takesOverrides, let comparison = kind.condition?.comparison else {
            check.reject("overrides", "have no meaning with \(kind.name.rawValue)")
            return
        }
        var seen: Set<UUID> = []
        for (index, own) in overrides.prefix(Self.mostOverrides).enumerated() where !check.isFull {
            let path = "overrides[\(index)]."
            check.require(seen.insert(own.deviceID).inserted, path + "device_id", "has its own bounds already")
            if case .devices(let devices) = scope {
                check.require(devices.contains(own.deviceID), path + "device_id", "must be in the rule's scope")
            }
            _ = check.threshold(
                ConditionDocument(
                    condition: comparison.rawValue, thresholdValue: own.thresholdValue,
                    thresholdValueHigh: own.thresholdValueHigh, clearValue: own.clearValue),
                at: path)
            guard kind.name == .batteryLow || kind.name == .dataQuality else { continue }
            check.percentages(own.thresholdValue, own.clearValue, at: path)
            check.require(
                kind.name == .batteryLow || own.thresholdValue != 0, path + "threshold_value", "must be above 0")
        }
    }
}

extension Validation {
    fileprivate mutating func percentages(_ threshold: Double?, _ clearing: Double?, at path: String = "") {
        range(of: threshold, 0...100, path + "threshold_value")
        range(of: clearing, 0...100, path + "clear_value")
    }
}
