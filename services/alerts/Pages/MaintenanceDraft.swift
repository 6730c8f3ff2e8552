import HTTPKit
import Postgres

/// A maintenance window as its form has it: what was typed, be it right or wrong.
struct MaintenanceDraft: Sendable {
    enum Period: String, CaseIterable {
        case once, weekly
    }

    private var name = ""
    private var notes = ""
    private var startsAt = ""
    private var endsAt = ""
    private(set) var period = Period.once
    private(set) var hours = RuleScheduleDocument.workingDays
    private(set) var scope = ScopeDraft()

    /// A new window.
    init() {}

    init(_ form: FormFields) {
        name = (form["name"] ?? "").trimmed
        notes = (form["notes"] ?? "").replacing("\r\n", with: "\n")
        startsAt = (form["starts_at"] ?? "").trimmed
        endsAt = (form["ends_at"] ?? "").trimmed
        period = Period(rawValue: form["period"] ?? "") ?? .once
        hours = RuleScheduleDocument(form, behind: "recurring.")
        scope = ScopeDraft(form)
    }

    /// What the API takes.
    ///
    /// - Throws: 422 with everything that cannot be read; whether the rest makes sense is for the input to tell.
    func input() throws -> MaintenanceWindowInput {
        var check = Validation()
        let isOnce = period == .once
        let input = MaintenanceWindowInput(
            name: name, notes: notes, scope: scope.document(&check),
            startsAt: isOnce ? check.time(startsAt, "starts_at") : nil,
            endsAt: isOnce ? check.time(endsAt, "ends_at") : nil, recurring: isOnce ? nil : hours)
        guard check.errors.isEmpty else { throw Problem.invalid(check.errors) }
        return input
    }
}

extension MaintenanceDraft.Period {
    var title: String {
        switch self {
        case .once: "Once"
        case .weekly: "Every week"
        }
    }
}

extension Validation {
    /// A time in UTC as a browser's field for one has it, such as `2026-11-27T08:00`.
    fileprivate mutating func time(_ text: String, _ field: String) -> Timestamp? {
        let time = Timestamp(text + (text.utf8.count == 16 ? ":00Z" : "Z"))
        require(time != nil, field, "must be a date and a time")
        return time
    }
}
