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
    let hours: HoursSection
    let message: String?
    /// What has just been done.
    let notice: String?

    /// - Parameter typed: The form that was sent and refused; nil for a fresh one.
    init(
        _ preferences: MailPreferences, typed: FormFields?, for user: UserPrincipal, notice: String?, _ form: FormState
    ) {
        let current = preferences.quietHours.map(RuleScheduleDocument.init)
        tabs = AlertTabs(.preferences, for: user)
        isEnabled = typed.map { $0["enabled"] == "true" } ?? preferences.isEnabled
        severities = Severity.choices(typed?["minimum_severity"] ?? preferences.minimumSeverity.rawValue)
        exceptsCritical = typed.map { $0["except_critical"] == "true" } ?? preferences.exceptCritical
        isQuiet = typed.map { $0["quiet"] == "true" } ?? (current != nil)
        let everyDay = RuleScheduleDocument(
            timeZone: "UTC", days: RuleSchedule.Weekday.allCases.map(\.rawValue), from: "", to: "")
        hours = HoursSection(
            typed.map { RuleScheduleDocument($0, behind: "") } ?? current ?? everyDay, names: "", id: "quiet",
            path: "email.quiet_hours", form)
        message = form.message
        self.notice = notice
    }
}
