import HTTPKit
import Identity

/// What the form of preferences has done.
enum PreferenceNotice: String, Notice {
    case saved

    var text: String {
        switch self {
        case .saved: "It is saved, for this organization."
        }
    }
}

/// What `preferences.mustache` reads as `page`.
struct PreferencesPage: Sendable {
    let tabs: AlertTabs
    let isEnabled: Bool
    let severities: [Choice]
    let exceptsCritical: Bool
    let isQuiet: Bool
    let days: [Choice]
    let fields: [LineField]
    let message: String?
    /// What is wrong with the hours together.
    let hoursError: String?
    /// What has just been done.
    let notice: String?

    /// - Parameter typed: The form that was sent and refused; nil for a fresh one.
    init(
        _ preferences: MailPreferences, typed: FormFields?, for user: UserPrincipal, notice: String?, _ form: FormState
    ) {
        let hours = preferences.quietHours.map(RuleScheduleDocument.init)
        tabs = AlertTabs(.preferences, for: user)
        isEnabled = typed.map { $0["enabled"] == "true" } ?? preferences.isEnabled
        severities = Severity.choices(typed?["minimum_severity"] ?? preferences.minimumSeverity.rawValue)
        exceptsCritical = typed.map { $0["except_critical"] == "true" } ?? preferences.exceptCritical
        isQuiet = typed.map { $0["quiet"] == "true" } ?? (hours != nil)
        let chosen = typed?.values(of: "days") ?? hours?.days ?? RuleSchedule.Weekday.allCases.map(\.rawValue)
        days = RuleSchedule.Weekday.allCases.map {
            Choice(value: $0.rawValue, title: $0.rawValue.capitalized, isChosen: chosen.contains($0.rawValue))
        }
        let lines: [(name: String, label: String, hint: String, value: String)] = [
            ("from", "From", "As 22:00.", hours?.from ?? ""), ("to", "To", "As 06:00.", hours?.to ?? ""),
            ("time_zone", "Time zone", "Such as Europe/Berlin.", hours?.timeZone ?? "UTC"),
        ]
        fields = lines.map { line in
            LineField(
                name: line.name, id: "quiet-\(line.name)", label: line.label, hint: line.hint, isRequired: false,
                inputMode: "text", value: typed.map { $0[line.name] ?? "" } ?? line.value,
                error: form.field("email.quiet_hours.\(line.name)", called: line.label).error)
        }
        message = form.message
        let isSaidAtField = fields.contains { $0.error != nil }
        hoursError = isSaidAtField ? nil : form.field("email.quiet_hours", called: "The hours").error
        self.notice = notice
    }
}
