import FoundationEssentials
import HTTPKit

/// A rule as a client writes it; every field it may leave out is optional here.
struct RuleInput: Decodable {
    static let supportedKinds = ["threshold"]
    /// In seconds.
    static let longestHold = 7 * 86_400
    /// In minutes.
    static let longestCooldown = 30 * 24 * 60

    let name: String
    let description: String?
    let scope: RuleScopeDocument?
    let kind: String?
    let sensorType: String?
    let condition: String?
    let thresholdValue: Double?
    let thresholdValueHigh: Double?
    let clearValue: Double?
    let forSeconds: Int?
    let severity: String?
    let enabled: Bool?
    let cooldownMinutes: Int?
    let channelIDs: [UUID]?

    enum CodingKeys: String, CodingKey {
        case name, description, scope, kind, condition, severity, enabled
        case sensorType = "sensor_type"
        case thresholdValue = "threshold_value"
        case thresholdValueHigh = "threshold_value_high"
        case clearValue = "clear_value"
        case forSeconds = "for_s"
        case cooldownMinutes = "cooldown_minutes"
        case channelIDs = "channel_ids"
    }

    /// The definition this stands for, with what was left out at its default.
    ///
    /// - Throws: 422 with everything that is wrong.
    func definition() throws -> RuleDefinition {
        let kind = kind ?? "threshold"
        guard Self.supportedKinds.contains(kind) else {
            throw Problem.invalid("kind", "must be one of \(Self.supportedKinds.listed)")
        }
        var check = Validation()
        checkTexts(&check)
        checkNumbers(&check)
        let scope = checkedScope(&check)
        let condition = checkedCondition(&check)
        let severity = Severity(rawValue: severity ?? Severity.medium.rawValue)
        check.require(severity != nil, "severity", "must be one of \(Severity.allCases.map(\.rawValue).listed)")
        guard check.errors.isEmpty, let scope, let sensorType, let condition, let severity else {
            throw Problem.invalid(check.errors)
        }
        return RuleDefinition(
            name: name, description: description ?? "", scope: scope, sensorType: sensorType, condition: condition,
            holdSeconds: forSeconds ?? 0, severity: severity, isEnabled: enabled ?? true,
            cooldownMinutes: cooldownMinutes ?? 0, channelIDs: channelIDs ?? [])
    }

    private func checkTexts(_ check: inout Validation) {
        check.length(of: name, 1...200, "name")
        check.length(of: description, 0...2_000, "description")
        check.require(sensorType != nil, "sensor_type", "is required")
        check.length(of: sensorType, 1...100, "sensor_type")
    }

    private func checkNumbers(_ check: inout Validation) {
        check.range(of: forSeconds, 0...Self.longestHold, "for_s")
        check.range(of: cooldownMinutes, 0...Self.longestCooldown, "cooldown_minutes")
        check.count(of: channelIDs, 0...20, "channel_ids")
        let channels = channelIDs ?? []
        check.require(Set(channels).count == channels.count, "channel_ids", "must name each channel once")
    }

    private func checkedScope(_ check: inout Validation) -> RuleScope? {
        guard let document = scope else { return .all }
        guard let scope = document.scope else {
            check.reject(
                "scope", "must have exactly one of all (true), device_ids (UUIDs), tags and project_id (a UUID)")
            return nil
        }
        check.count(of: document.deviceIDs, 1...1_000, "scope.device_ids")
        check.count(of: document.tags, 1...100, "scope.tags")
        for tag in document.tags ?? [] { check.length(of: tag, 1...100, "scope.tags") }
        return scope
    }

    private func checkedCondition(_ check: inout Validation) -> ThresholdCondition? {
        let comparison = condition.flatMap(Comparison.init)
        check.require(comparison != nil, "condition", "must be one of \(Comparison.allCases.map(\.rawValue).listed)")
        check.require(thresholdValue != nil, "threshold_value", "is required")
        guard let comparison, let thresholdValue else { return nil }
        checkRange(of: comparison, from: thresholdValue, &check)
        checkClearValue(of: comparison, thresholdValue, &check)
        return ThresholdCondition(comparison, thresholdValue, high: thresholdValueHigh, clearValue: clearValue)
    }

    private func checkRange(of comparison: Comparison, from thresholdValue: Double, _ check: inout Validation) {
        let field = "threshold_value_high"
        switch (comparison.isRange, thresholdValueHigh) {
        case (true, nil): check.reject(field, "is required with \(comparison.rawValue)")
        case (true, let high?): check.require(thresholdValue <= high, field, "must not be below threshold_value")
        case (false, _?): check.reject(field, "has a meaning only with between and outside")
        case (false, nil): break
        }
    }

    private func checkClearValue(of comparison: Comparison, _ thresholdValue: Double, _ check: inout Validation) {
        guard let clearValue else { return }
        let field = "clear_value"
        switch comparison {
        case .gt, .gte: check.require(clearValue <= thresholdValue, field, "must not be above threshold_value")
        case .lt, .lte: check.require(clearValue >= thresholdValue, field, "must not be below threshold_value")
        case .eq, .ne, .between, .outside: check.reject(field, "has a meaning only with gt, gte, lt and lte")
        }
    }
}

extension [String] {
    /// `a, b, c`.
    fileprivate var listed: String { joined(separator: ", ") }
}
