import FoundationEssentials
import HTTPKit
import Kernel

/// A rule as its form has it: what was typed, be it right or wrong. Texts go by the names that fields have in the API.
struct RuleDraft: Sendable {
    /// A condition of a composite rule.
    struct Term: Sendable {
        static let fields = ["sensor_type", "condition", "threshold_value", "threshold_value_high", "clear_value"]

        var texts: [String: String] = [:]

        /// What is chosen and not typed says nothing.
        var isBlank: Bool { texts.allSatisfy { $0.key == "condition" || $0.value.trimmed.isEmpty } }
    }

    struct Step: Sendable {
        var afterSeconds = ""
        var channelIDs: [String] = []

        var isBlank: Bool { afterSeconds.trimmed.isEmpty && channelIDs.isEmpty }
    }

    let kind: RuleKind.Name
    var texts: [String: String] = ["severity": Severity.medium.rawValue]
    var scope = ScopeDraft()
    var isEnabled = true
    var channelIDs: [String] = []
    var isScheduled = false
    var hours = RuleScheduleDocument.workingDays
    var terms: [Term] = []
    var steps: [Step] = []

    /// A new rule.
    init(_ kind: RuleKind.Name) {
        self.kind = kind
    }

    subscript(name: String) -> String { texts[name] ?? "" }
}

extension RuleDraft {
    /// Those that hold one text each.
    private static let fields = [
        "name", "description", "severity", "sensor_type", "condition", "threshold_value", "threshold_value_high",
        "clear_value", "for_s", "window_s", "quality", "match", "cooldown_minutes", "raise_after_s", "repeat_after_s",
        "overrides",
    ]

    /// - Throws: 422 for a kind that there is not.
    init(_ form: FormFields) throws(Problem) {
        guard let kind = RuleKind.Name(rawValue: form["kind"] ?? "") else {
            throw .invalid("kind", "must be one of those offered")
        }
        self.init(kind)
        for name in Self.fields { texts[name] = form[name] }
        scope = ScopeDraft(form)
        isEnabled = form["enabled"] == "true"
        channelIDs = form.values(of: "channel_ids")
        isScheduled = form["scheduled"] == "true"
        hours = RuleScheduleDocument(form, behind: "schedule.")
        terms = Self.terms(form)
        steps = (0..<Validation.mostEscalationSteps).map { index in
            Step(
                afterSeconds: form["escalation.\(index).after_s"] ?? "",
                channelIDs: form.values(of: "escalation.\(index).channel_ids"))
        }.filter { !$0.isBlank }
    }

    private static func terms(_ form: FormFields) -> [Term] {
        let columns = Term.fields.map { (name: $0, values: form.values(of: "conditions.\($0)")) }
        let count = min(columns.map(\.values.count).min() ?? 0, RuleInput.conditionCounts.upperBound)
        return (0..<count).map { row in
            Term(texts: Dictionary(uniqueKeysWithValues: columns.map { ($0.name, $0.values[row]) }))
        }.filter { !$0.isBlank }
    }
}

extension RuleDraft {
    /// - Parameter names: Of the devices that have bounds of their own; one without a name goes by its id.
    init(_ rule: Rule, names: [UUID: String]) {
        let definition = rule.definition
        let fields = RuleKindFields(definition.kind)
        self.init(definition.kind.name)
        isEnabled = definition.isEnabled
        channelIDs = definition.channelIDs.map(\.text)
        steps = definition.escalation.map {
            Step(afterSeconds: "\($0.afterSeconds)", channelIDs: $0.channelIDs.map(\.text))
        }
        terms = (fields.conditions ?? []).map(Term.init)
        texts.merge(Self.texts(of: definition, fields)) { $1 }
        texts["overrides"] = OverrideLines.text(of: definition.overrides, names: names)
        scope = ScopeDraft(definition.scope)
        if let schedule = definition.schedule { (isScheduled, hours) = (true, RuleScheduleDocument(schedule)) }
    }

    private static func texts(of definition: RuleDefinition, _ fields: RuleKindFields) -> [String: String] {
        let texts: [String: String?] = [
            "name": definition.name, "description": definition.description, "severity": definition.severity.rawValue,
            "sensor_type": fields.sensorType, "condition": fields.condition?.rawValue,
            "threshold_value": fields.thresholdValue?.shortest,
            "threshold_value_high": fields.thresholdValueHigh?.shortest, "clear_value": fields.clearValue?.shortest,
            "for_s": fields.forSeconds == 0 ? nil : "\(fields.forSeconds)",
            "window_s": fields.windowSeconds.map(String.init), "quality": fields.quality,
            "match": fields.match?.rawValue,
            "cooldown_minutes": definition.cooldownMinutes == 0 ? nil : "\(definition.cooldownMinutes)",
            "raise_after_s": definition.raiseAfterSeconds.map(String.init),
            "repeat_after_s": definition.repeatAfterSeconds.map(String.init),
        ]
        return texts.compactMapValues(\.self)
    }
}

extension RuleDraft.Term {
    init(_ document: TermDocument) {
        let condition = document.condition
        let texts: [String: String?] = [
            "sensor_type": document.sensorType, "condition": condition.condition,
            "threshold_value": condition.thresholdValue?.shortest,
            "threshold_value_high": condition.thresholdValueHigh?.shortest,
            "clear_value": condition.clearValue?.shortest,
        ]
        self.init(texts: texts.compactMapValues(\.self))
    }
}
