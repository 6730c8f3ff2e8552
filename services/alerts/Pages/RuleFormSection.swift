import HTTPKit
import Kernel

/// A condition of a composite rule, a row of the form. Its names are its own: a template looks for what is nil in what
/// stands around it.
struct RuleTermRow: Sendable {
    let number: Int
    let comparisons: [Choice]
    let sensor: LineField
    let value: LineField
    let high: LineField
    let clear: LineField
    let termError: String?

    var hasError: Bool { ([termError] + [sensor, value, high, clear].map(\.error)).contains { $0 != nil } }
}

/// A step of escalation, likewise.
struct RuleStepRow: Sendable {
    let number: Int
    let index: Int
    let after: LineField
    let channels: [Choice]
    let stepError: String?
}

/// The form of a rule, with the fields of its kind.
struct RuleFormSection: Sendable {
    let kind: String
    let title: String
    let summary: String
    let message: String?
    let name: LineField
    let description: Field
    let scope: ScopeSection
    /// Those of the kind that hold a line each, before and behind the comparison.
    let sensor: LineField?
    let comparisons: [Choice]
    let hasComparison: Bool
    let comparisonError: String?
    let bounds: [LineField]
    let grades: [Choice]
    let hasGrades: Bool
    let matches: [Choice]
    let terms: [RuleTermRow]
    let hasTerms: Bool
    let termsError: String?
    let times: [LineField]
    let severities: [Choice]
    let cooldown: LineField
    let isScheduled: Bool
    let hours: HoursSection
    let hasOverrides: Bool
    let overrides: Field
    let overridesAreOpen: Bool
    let reminders: [LineField]
    let steps: [RuleStepRow]
    let remindersAreOpen: Bool
    let channels: [Choice]
    let hasChannels: Bool
    let channelsError: String?
    let isEnabled: Bool
    /// Whether the bounds are the sensor's, so that the chart can show them.
    let drawsBounds: Bool
    /// The devices whose readings the chart can show.
    let charted: [Choice]

    init(_ draft: RuleDraft, _ choices: RuleChoices, _ form: FormState) {
        let writer = RuleFieldWriter(draft: draft, form: form)
        kind = draft.kind.rawValue
        title = draft.kind.title
        summary = draft.kind.summary
        message = form.message ?? (form.isRefused ? "The rule is not saved: something is wrong, as said below." : nil)
        name = writer.field("name", "Name", isRequired: true, mode: "text")
        description = form.field("description", called: "The description", draft["description"])
        scope = ScopeSection(draft.scope, choices.scope, id: "rule", form)
        sensor =
            writer.has("sensor_type")
            ? writer.field(
                "sensor_type", "Sensor", hint: "Such as temperature.", isRequired: true, mode: "text") : nil
        comparisons = Comparison.choices(draft["condition"])
        hasComparison = writer.has("condition")
        comparisonError = form.field("condition", called: "The comparison").error
        bounds = writer.bounds
        grades = Quality.allCases.filter { $0 > .good }.map {
            Choice(value: $0.name, title: $0.name.capitalized, isChosen: $0.name == draft["quality"])
        }
        hasGrades = writer.has("quality")
        matches = CompositeCondition.Match.allCases.map {
            Choice(value: $0.rawValue, title: $0.title, isChosen: $0.rawValue == draft["match"])
        }
        hasTerms = writer.has("conditions")
        terms = hasTerms ? writer.terms : []
        let isSaidInRow = terms.contains { $0.hasError }
        termsError = isSaidInRow ? nil : writer.error("conditions", "The list of conditions")
        times = writer.times
        severities = Severity.choices(draft["severity"])
        cooldown = writer.field(
            "cooldown_minutes", "Silent after an alert", hint: "In minutes, for the same device and sensor.",
            mode: "numeric")
        isScheduled = draft.isScheduled
        hours = HoursSection(draft.hours, names: "schedule.", id: "rule-schedule", path: "schedule", form)
        hasOverrides = writer.has("threshold_value")
        overrides = form.field("overrides", called: "The devices' own bounds", draft["overrides"])
        overridesAreOpen = !overrides.value.isEmpty
        reminders = writer.reminders
        steps = writer.steps(choices.channels)
        remindersAreOpen = !draft.steps.isEmpty || reminders.contains { !$0.value.isEmpty }
        channels = choices.channels.choices(Set(draft.channelIDs))
        hasChannels = !channels.isEmpty
        channelsError = form.field("channel_ids", called: "The list of channels").error
        isEnabled = draft.isEnabled
        drawsBounds = draft.kind == .threshold
        charted = choices.scope.devices.choices(
            draft.scope.kind == .devices ? Set(draft.scope.deviceIDs.prefix(1)) : [])
    }
}
