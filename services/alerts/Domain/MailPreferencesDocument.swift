/// Which alerts a member wants mailed, as JSON: stored, and answered below `email`.
struct MailPreferencesDocument: Codable, Sendable {
    let enabled: Bool
    let minimumSeverity: Severity
    let quietHours: RuleScheduleDocument?
    let exceptCritical: Bool

    enum CodingKeys: String, CodingKey {
        case enabled
        case minimumSeverity = "minimum_severity"
        case quietHours = "quiet_hours"
        case exceptCritical = "except_critical"
    }

    init(_ preferences: MailPreferences) {
        enabled = preferences.isEnabled
        minimumSeverity = preferences.minimumSeverity
        quietHours = preferences.quietHours.map(RuleScheduleDocument.init)
        exceptCritical = preferences.exceptCritical
    }

    /// Quiet hours stand there also when there are none.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(enabled, forKey: .enabled)
        try container.encode(minimumSeverity, forKey: .minimumSeverity)
        try container.encode(quietHours, forKey: .quietHours)
        try container.encode(exceptCritical, forKey: .exceptCritical)
    }
}
