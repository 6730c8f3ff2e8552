import FoundationEssentials
import HTTPKit
import Kernel

extension RuleDraft {
    /// What the API takes; an empty field is none.
    ///
    /// - Parameter devices: Those that ``OverrideLines/names`` name.
    /// - Throws: 422 with everything that cannot be read; whether the rest makes sense is for the input to tell.
    func input(_ devices: [DirectoryStore.Entry]) throws -> RuleInput {
        var check = Validation()
        let input = RuleInput(
            name: self["name"], description: self["description"].replacing("\r\n", with: "\n"),
            scope: scope.document(&check), kind: kind.rawValue, sensorType: text("sensor_type"),
            condition: text("condition"), thresholdValue: number("threshold_value", &check),
            thresholdValueHigh: number("threshold_value_high", &check), clearValue: number("clear_value", &check),
            forSeconds: count("for_s", &check), windowSeconds: count("window_s", &check), quality: text("quality"),
            match: text("match"), conditions: kind == .composite ? conditions(&check) : nil,
            severity: text("severity"), enabled: isEnabled, cooldownMinutes: count("cooldown_minutes", &check),
            channelIDs: check.ids(channelIDs, "channel_ids"),
            schedule: isScheduled ? hours : nil,
            overrides: OverrideLines(self["overrides"]).documents(devices, &check),
            raiseAfterSeconds: count("raise_after_s", &check), repeatAfterSeconds: count("repeat_after_s", &check),
            escalation: escalation(&check))
        guard check.errors.isEmpty else { throw Problem.invalid(check.errors) }
        return input
    }

    private func text(_ name: String) -> String? {
        let text = self[name].trimmed
        return text.isEmpty ? nil : text
    }

    private func number(_ name: String, _ check: inout Validation) -> Double? {
        text(name).flatMap { check.number($0, name) }
    }

    private func count(_ name: String, _ check: inout Validation) -> Int? {
        text(name).flatMap { check.count($0, name) }
    }

    private func conditions(_ check: inout Validation) -> [TermDocument] {
        terms.enumerated().map { index, term in
            func number(_ name: String) -> Double? {
                let text = (term.texts[name] ?? "").trimmed
                return text.isEmpty ? nil : check.number(text, "conditions[\(index)].\(name)")
            }
            let sensor = (term.texts["sensor_type"] ?? "").trimmed
            return TermDocument(
                sensorType: sensor.isEmpty ? nil : sensor,
                condition: ConditionDocument(
                    condition: term.texts["condition"], thresholdValue: number("threshold_value"),
                    thresholdValueHigh: number("threshold_value_high"), clearValue: number("clear_value")))
        }
    }

    private func escalation(_ check: inout Validation) -> [EscalationDocument] {
        steps.enumerated().map { index, step in
            let path = "escalation[\(index)]."
            let seconds = check.count(step.afterSeconds.trimmed, path + "after_s") ?? 0
            return EscalationDocument(
                EscalationStep(
                    afterSeconds: seconds, channelIDs: check.ids(step.channelIDs, path + "channel_ids")))
        }
    }
}

extension Validation {
    /// A number as somebody has typed it.
    mutating func number(_ text: String, _ field: String) -> Double? {
        let number = Double(text)
        require(number != nil, field, "must be a number")
        return number
    }

    /// A whole number as somebody has typed it.
    mutating func count(_ text: String, _ field: String) -> Int? {
        let number = Int(text)
        require(number != nil, field, "must be a whole number")
        return number
    }
}
