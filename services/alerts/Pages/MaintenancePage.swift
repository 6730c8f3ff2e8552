import FoundationEssentials
import HTTPKit
import Identity
import Kernel

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
    }

    let tabs: AlertTabs
    let items: [Item]
    let hasItems: Bool
    let pager: Pager?
    let isAdmin: Bool
    let message: String?
    let name: Field
    let notes: Field
    let start: Field
    let end: Field
    /// What has just been done.
    let notice: String?
    let devices: [Choice]
    let devicesError: String?

    init(
        _ windows: ListPart<MaintenanceWindow>, devices: [DirectoryStore.Entry], for user: UserPrincipal,
        notice: String?, _ form: FormState
    ) {
        tabs = AlertTabs(.maintenance, for: user)
        items = windows.items.map(Item.init)
        hasItems = !items.isEmpty
        pager = Pager(
            "Maintenance windows", of: "/alerts/maintenance", cursor: "cursor", next: windows.next,
            isFirst: windows.isFirst, anchor: "windows")
        isAdmin = user.isAdmin
        message = form.message
        name = form.field("name", called: "The name")
        notes = form.field("notes", called: "The notes")
        start = form.field("starts_at", called: "The beginning")
        end = form.field("ends_at", called: "The end")
        self.devices = devices.choices(form.chosen("scope.device_ids"))
        devicesError = form.field("scope.device_ids", called: "The list of devices").error
        self.notice = notice
    }
}

extension MaintenancePage.Item {
    fileprivate init(_ window: MaintenanceWindow) {
        let definition = window.definition
        path = "/alerts/maintenance/\(window.id.text)"
        name = definition.name
        notes = definition.notes.isEmpty ? nil : definition.notes
        scope = definition.scope.sentence
        period =
            switch definition.period {
            case .once(let start, let end): "\(Moment(start).text) to \(Moment(end).text)"
            case .recurring(let hours): hours.sentence
            }
    }
}
