/// What an organization's readings are evaluated by.
struct OrganizationRules: Sendable {
    let index: RuleIndex
    let calendar: MaintenanceCalendar

    /// Whether there is nothing to evaluate by.
    var isEmpty: Bool { index.isEmpty }
}
