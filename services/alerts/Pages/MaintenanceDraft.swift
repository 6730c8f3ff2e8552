// The time zones of the IANA database are in the whole of Foundation.
import Foundation
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
    /// In whose local times a window once is written.
    private(set) var zoneName = "UTC"
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
        zoneName = (form["time_zone"] ?? zoneName).trimmed
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
        if isOnce { check.zone(zoneName, "time_zone") }
        let zone = TimeZone(named: zoneName) ?? .gmt
        let input = MaintenanceWindowInput(
            name: name, notes: notes, scope: scope.document(&check),
            // What clocks show twice is all of it.
            startsAt: isOnce ? check.times(startsAt, in: zone, "starts_at").first : nil,
            endsAt: isOnce ? check.times(endsAt, in: zone, "ends_at").last : nil, timeZone: isOnce ? zoneName : nil,
            recurring: isOnce ? nil : hours)
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
    /// When clocks show a time as a browser's field for one has it, such as `2026-11-27T08:00`.
    fileprivate mutating func times(_ text: String, in zone: TimeZone, _ field: String) -> [Timestamp] {
        guard let local = Timestamp(text + (text.utf8.count == 16 ? ":00Z" : "Z")) else {
            require(false, field, "must be a date and a time")
            return []
        }
        let times = zone.times(showing: local)
        require(!times.isEmpty, field, "must be a time that there is: clocks are put forward over it")
        return times
    }
}
