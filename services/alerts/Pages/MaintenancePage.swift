// The time zones of the IANA database are in the whole of Foundation.
import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// What a form about maintenance windows has done.
enum MaintenanceNotice: String, Notice {
    case created, deleted

    var text: String {
        switch self {
        case .created: "The maintenance window has been made."
        case .deleted: "The maintenance window has been deleted."
        }
    }
}

/// What `maintenance.mustache` reads as `page`.
struct MaintenancePage: Sendable {
    struct Item: Sendable {
        let path: String
        let name: String
        let notes: String?
        let scope: String
        let period: String
        /// Where it is in time, and the class of that badge.
        let standing: String
        let tone: String
    }

    let tabs: AlertTabs
    let items: [Item]
    let hasItems: Bool
    let pager: Pager?
    let isAdmin: Bool
    let message: String?
    let name: Field
    let notes: Field
    let periods: [Choice]
    let start: Field
    let end: Field
    /// In which these two are.
    let zone: LineField
    let hours: HoursSection
    let scope: ScopeSection
    /// What has just been done.
    let notice: String?

    /// - Parameters:
    ///   - names: Of the devices and projects that the windows are for.
    ///   - draft: What the form for a new one holds.
    init(
        _ windows: ListPart<MaintenanceWindow>, names: [UUID: String], _ draft: MaintenanceDraft,
        _ choices: ScopeChoices, at now: Timestamp, for user: UserPrincipal, notice: String?, _ form: FormState
    ) {
        tabs = AlertTabs(.maintenance, for: user)
        items = windows.items.map { Item($0, names: names, at: now) }
        hasItems = !items.isEmpty
        pager = Pager(
            "Maintenance windows", of: "/alerts/maintenance", cursor: "cursor", next: windows.next,
            isFirst: windows.isFirst, anchor: "windows")
        isAdmin = user.isAdmin
        message = form.message
        name = form.field("name", called: "The name")
        notes = form.field("notes", called: "The notes")
        periods = MaintenanceDraft.Period.allCases.map {
            Choice(value: $0.rawValue, title: $0.title, isChosen: $0 == draft.period)
        }
        start = form.field("starts_at", called: "The beginning")
        end = form.field("ends_at", called: "The end")
        zone = LineField(
            name: "time_zone", id: "window-zone", label: "Time zone", hint: "Such as Europe/Berlin.",
            isRequired: false, inputMode: "text", value: draft.zoneName,
            error: form.field("time_zone", called: "Time zone").error, dependsOnChoice: true)
        hours = HoursSection(draft.hours, names: "recurring.", id: "window", path: "recurring", form)
        scope = ScopeSection(draft.scope, choices, id: "window", form)
        self.notice = notice
    }
}

extension MaintenancePage.Item {
    fileprivate init(_ window: MaintenanceWindow, names: [UUID: String], at now: Timestamp) {
        let definition = window.definition
        path = "/alerts/maintenance/\(window.id.text)"
        name = definition.name
        notes = definition.notes.isEmpty ? nil : definition.notes
        scope = definition.scope.sentence(names)
        period =
            switch definition.period {
            case .once(let start, let end): Self.text(from: start, to: end, in: definition.zoneName)
            case .recurring(let hours): "every \(hours.sentence)"
            }
        (standing, tone) =
            switch definition.period {
            case let period where period.contains(now): ("in force", "online")
            case .once(_, let end) where end <= now: ("over", "archived")
            case .once, .recurring: ("to come", "pending")
            }
    }
    /// In UTC where this machine knows no time zone of that name.
    private static func text(from start: Timestamp, to end: Timestamp, in zoneName: String?) -> String {
        let known = zoneName.flatMap { name in TimeZone(named: name).map { (zone: $0, name: name) } }
        let (zone, name) = known ?? (.gmt, "UTC")
        return "\(zone.text(of: start)) to \(zone.text(of: end)) \(name)"
    }
}
