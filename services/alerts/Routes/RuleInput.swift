import FoundationEssentials
import HTTPKit

/// A rule as a client writes it; every field it may leave out is optional here.
struct RuleInput: Decodable {
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
    let windowSeconds: Int?
    let quality: String?
    let match: String?
    let conditions: [TermDocument]?
    let severity: String?
    let enabled: Bool?
    let cooldownMinutes: Int?
    let channelIDs: [UUID]?
    let schedule: RuleScheduleDocument?
    let overrides: [OverrideDocument]?
    let raiseAfterSeconds: Int?
    let repeatAfterSeconds: Int?
    let escalation: [EscalationDocument]?

    enum CodingKeys: String, CodingKey {
        case name, description, scope, kind, condition, quality, match, conditions, severity, enabled, schedule
        case overrides, escalation
        case sensorType = "sensor_type"
        case thresholdValue = "threshold_value"
        case thresholdValueHigh = "threshold_value_high"
        case clearValue = "clear_value"
        case forSeconds = "for_s"
        case windowSeconds = "window_s"
        case cooldownMinutes = "cooldown_minutes"
        case channelIDs = "channel_ids"
        case raiseAfterSeconds = "raise_after_s"
        case repeatAfterSeconds = "repeat_after_s"
    }

    /// The definition this stands for, with what was left out at its default.
    ///
    /// - Throws: 422 with everything that is wrong.
    func definition() throws -> RuleDefinition {
        guard let name = RuleKind.Name(rawValue: kind ?? RuleKind.Name.threshold.rawValue) else {
            throw Problem.invalid("kind", "must be one of \(RuleKind.Name.allCases.map(\.rawValue).listed)")
        }
        var check = Validation()
        checkTexts(&check)
        checkNumbers(&check)
        let scope = scope.map { check.scope($0) } ?? .all
        let kind = checkedKind(name, &check)
        let severity = Severity(rawValue: severity ?? Severity.medium.rawValue)
        check.require(severity != nil, "severity", "must be one of \(Severity.allCases.map(\.rawValue).listed)")
        let schedule = schedule.flatMap { check.hours($0, "schedule") }
        checkOverrides(of: kind, scope, &check)
        check.escalation(escalation ?? [], beside: repeatAfterSeconds == nil ? [] : channelIDs ?? [])
        guard check.errors.isEmpty, let scope, let kind, let severity else { throw Problem.invalid(check.errors) }
        return RuleDefinition(
            name: self.name, description: description ?? "", scope: scope, kind: kind, severity: severity,
            isEnabled: enabled ?? true, cooldownMinutes: cooldownMinutes ?? 0, channelIDs: channelIDs ?? [],
            schedule: schedule, overrides: (overrides ?? []).overrides, raiseAfterSeconds: raiseAfterSeconds,
            repeatAfterSeconds: repeatAfterSeconds, escalation: (escalation ?? []).map(\.step))
    }

    private func checkTexts(_ check: inout Validation) {
        check.length(of: name, 1...200, "name")
        check.length(of: description, 0...2_000, "description")
    }

    private func checkNumbers(_ check: inout Validation) {
        check.range(of: forSeconds, 0...Self.longestHold, "for_s")
        check.range(of: cooldownMinutes, 0...Self.longestCooldown, "cooldown_minutes")
        check.range(of: raiseAfterSeconds, Validation.remindersAfter, "raise_after_s")
        check.range(of: repeatAfterSeconds, Validation.remindersAfter, "repeat_after_s")
        check.channels(channelIDs, "channel_ids")
    }
}
