/// What an organization's readings are evaluated by; another one as soon as anything of it has changed.
final class OrganizationRules: Sendable {
    let index: RuleIndex
    let calendar: MaintenanceCalendar

    init(index: RuleIndex, calendar: MaintenanceCalendar) {
        self.index = index
        self.calendar = calendar
    }

    /// Whether there is nothing to evaluate by.
    var isEmpty: Bool { index.isEmpty }
}
