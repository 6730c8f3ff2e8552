import FoundationEssentials
import HTTPKit
import Identity
import Kernel

/// What a form about alerts has done.
enum AlertNotice: String, Notice {
    case acknowledged, resolved, dismissed, reopened, assigned, commented

    var text: String {
        switch self {
        case .acknowledged: "The alert has been acknowledged."
        case .resolved: "The alert has been resolved."
        case .dismissed: "The alert has been dismissed as a false alarm."
        case .reopened: "The alert is open again."
        case .assigned: "The alert has been assigned."
        case .commented: "The comment has been added."
        }
    }
}

/// The alerts of a page with what is known of them.
struct AlertListContents: Sendable {
    let alerts: ListPart<Alert>
    /// The projects of their devices.
    let projects: [UUID: UUID]
    /// Of those whom they are assigned to.
    let names: [UUID: String]
    let devices: [DirectoryStore.Entry]
    let rules: [DirectoryStore.Entry]
}

/// A form of the list that was refused.
struct AlertListRefusal: Sendable {
    let problem: Problem
    /// Which alert it is about.
    let alert: UUID?
    /// What was typed; nil for nothing.
    let notes: String?
}

/// What `alerts.mustache` and `alerts_list.mustache` read as `page`.
struct AlertsPage: Sendable {
    struct Item: Sendable {
        let path: String
        let message: String
        let severity: String
        let status: String
        let rule: String
        let device: String
        let began: Moment
        /// How often it has been found, where that is more than once.
        let count: Int?
        let assignee: String?
        let notes: String?
        /// Whether the caller may end it.
        let mayAct: Bool
        let mayAcknowledge: Bool
        /// What was typed into its form, where that was refused.
        let typedNotes: String?
    }

    let tabs: AlertTabs
    let items: [Item]
    let hasItems: Bool
    let pager: Pager?
    let statuses: [Choice]
    let severities: [Choice]
    let devices: [Choice]
    let rules: [Choice]
    let hasRules: Bool
    let isMine: Bool
    let isFiltered: Bool
    /// What the list shows, for the forms to lead back to.
    let query: String
    /// Where the list alone is.
    let listPath: String
    /// What has just been done.
    let notice: String?
    /// Why something was not done.
    let refusal: String?
    /// The notes that were typed to it, where the list has no form any more that holds them, and the page of that alert.
    let lostNotes: String?
    let lostNotesPath: String?

    init(
        _ contents: AlertListContents, _ query: AlertListQuery, for user: UserPrincipal, notice: String?,
        refusal: AlertListRefusal?
    ) {
        tabs = AlertTabs(.alerts, for: user)
        items = contents.alerts.items.map { alert in
            let role = user.role(onDevice: alert.deviceID, ofProject: contents.projects[alert.deviceID])
            return Item(
                alert, assignee: alert.assignedTo.map { contents.names[$0] ?? "Somebody" },
                mayAct: role.map { $0 >= .member } ?? false,
                typedNotes: refusal.flatMap { $0.alert == alert.id ? $0.notes : nil })
        }
        hasItems = !items.isEmpty
        pager = Pager(
            "Alerts", of: query.path(of: "/alerts"), cursor: "cursor", next: contents.alerts.next,
            isFirst: contents.alerts.isFirst, anchor: "alerts")
        statuses = AlertListQuery.Standing.allCases.map {
            Choice(value: $0.rawValue, title: $0.rawValue.capitalized, isChosen: $0 == query.standing)
        }
        severities = Severity.choices(query.severity?.rawValue)
        devices = contents.devices.choices(query.device.map { [$0.text] } ?? [])
        rules = contents.rules.choices(query.rule.map { [$0.text] } ?? [])
        hasRules = !rules.isEmpty
        isMine = query.isMine
        isFiltered = !query.text.isEmpty
        self.query = query.text
        listPath = query.path(of: "/alerts/list")
        self.notice = notice
        self.refusal = refusal?.problem.sentence
        let isHeld = items.contains { $0.mayAct && $0.typedNotes != nil }
        lostNotes = isHeld ? nil : refusal?.notes
        lostNotesPath = lostNotes == nil ? nil : refusal?.alert.map { "/alerts/\($0.text)" }
    }
}

extension AlertsPage.Item {
    fileprivate init(_ alert: Alert, assignee: String?, mayAct: Bool, typedNotes: String?) {
        path = "/alerts/\(alert.id.text)"
        message = alert.message
        severity = alert.severity.rawValue
        status = alert.status.rawValue
        rule = alert.ruleName
        device = alert.deviceName ?? "an unknown device"
        began = Moment(alert.triggeredAt)
        count = alert.count > 1 ? alert.count : nil
        self.assignee = assignee
        notes = alert.notes
        self.mayAct = mayAct && alert.status.isOpen
        mayAcknowledge = alert.status == .active
        self.typedNotes = typedNotes
    }
}

extension Severity {
    static func choices(_ chosen: String?) -> [Choice] {
        allCases.map { Choice(value: $0.rawValue, title: $0.rawValue.capitalized, isChosen: $0.rawValue == chosen) }
    }
}

extension Problem {
    /// What a page says of it where it has no field to say it at.
    var sentence: String {
        errors.first.map { "The \($0.field.replacing("_", with: " ")) \($0.message)." } ?? detail ?? title
    }
}
