import HTTPKit
import Kernel

/// Makes the fields of a rule's form.
struct RuleFieldWriter {
    let draft: RuleDraft
    let form: FormState

    /// Whether the field has a meaning with the kind.
    func has(_ name: String) -> Bool { RuleInput.meanings[name]?.contains(draft.kind) ?? true }

    func field(
        _ name: String, _ label: String, hint: String? = nil, isRequired: Bool = false, mode: String = "decimal"
    ) -> LineField {
        LineField(
            name: name, id: "rule-\(name.replacing(".", with: "-"))", label: label, hint: hint, isRequired: isRequired,
            inputMode: mode, value: draft[name], error: error(name, label))
    }

    /// What is wrong with a field or a part of it.
    func error(_ name: String, _ label: String) -> String? { form.field(name, called: label).error }

    var bounds: [LineField] {
        guard has("threshold_value") else { return [] }
        let label =
            switch draft.kind {
            case .rateOfChange: "Change a minute"
            case .batteryLow: "At or below, in percent"
            case .dataQuality: "At or above, in percent"
            default: "Value"
            }
        let clear = field(
            "clear_value", "Ends at", hint: "How far the value must come back, if further than that.")
        let value = field("threshold_value", label, isRequired: true)
        guard has("condition") else { return [value, clear] }
        return [value, field("threshold_value_high", "Upper value", hint: "With between and outside."), clear]
    }

    var times: [LineField] {
        var fields: [LineField] = []
        if has("for_s") { fields.append(field("for_s", "For so many seconds", mode: "numeric")) }
        if has("window_s") {
            let label = draft.kind == .noData ? "Silent for so many seconds" : "Over so many seconds"
            fields.append(field("window_s", label, isRequired: draft.kind == .noData, mode: "numeric"))
        }
        return fields
    }

    var reminders: [LineField] {
        [
            field(
                "raise_after_s", "Severity rises", hint: "Each time so many seconds have passed.", mode: "numeric"),
            field(
                "repeat_after_s", "Channels are told again", hint: "Each time so many seconds have passed.",
                mode: "numeric"),
        ]
    }

    /// Those there are, and blank ones.
    var terms: [RuleTermRow] {
        let count = min(RuleInput.conditionCounts.upperBound, max(3, draft.terms.count + 2))
        return (0..<count).map { index in
            let term = index < draft.terms.count ? draft.terms[index] : RuleDraft.Term()
            func field(_ name: String, _ label: String, mode: String = "decimal") -> LineField {
                LineField(
                    name: "conditions.\(name)", id: "rule-condition-\(index)-\(name)", label: label, hint: nil,
                    isRequired: false, inputMode: mode, value: term.texts[name] ?? "",
                    error: error("conditions[\(index)].\(name)", label), dependsOnChoice: true)
            }
            return RuleTermRow(
                number: index + 1, comparisons: Comparison.choices(term.texts["condition"] ?? ""),
                sensor: field("sensor_type", "Sensor", mode: "text"), value: field("threshold_value", "Value"),
                high: field("threshold_value_high", "Upper value"), clear: field("clear_value", "Ends at"),
                termError: error("conditions[\(index)].condition", "The comparison"))
        }
    }

    /// Those there are, and a blank one.
    func steps(_ channels: [DirectoryStore.Entry]) -> [RuleStepRow] {
        (0..<min(Validation.mostEscalationSteps, draft.steps.count + 1)).map { index in
            let step = index < draft.steps.count ? draft.steps[index] : RuleDraft.Step()
            let after = LineField(
                name: "escalation.\(index).after_s", id: "rule-step-\(index)", label: "After so many seconds",
                hint: nil, isRequired: false, inputMode: "numeric", value: step.afterSeconds,
                error: error("escalation[\(index)].after_s", "The time"), dependsOnChoice: true)
            return RuleStepRow(
                number: index + 1, index: index, after: after, channels: channels.choices(Set(step.channelIDs)),
                stepError: error("escalation[\(index)].channel_ids", "The list of channels"))
        }
    }
}

extension CompositeCondition.Match {
    var title: String {
        switch self {
        case .all: "All of them hold"
        case .any: "Any of them holds"
        }
    }
}

extension Comparison {
    static func choices(_ chosen: String) -> [Choice] {
        allCases.map { Choice(value: $0.rawValue, title: $0.title, isChosen: $0.rawValue == chosen) }
    }

    fileprivate var title: String {
        switch self {
        case .gt: "above"
        case .gte: "at or above"
        case .lt: "below"
        case .lte: "at or below"
        case .eq: "equal to"
        case .ne: "other than"
        case .between: "between"
        case .outside: "outside"
        }
    }
}
