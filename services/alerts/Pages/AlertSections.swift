import FoundationEssentials
import HTTPKit
import Kernel

/// Where an alert is in its life, and what happened in it, the newest first; `alert_life.mustache` shows it.
struct AlertLifeSection: Sendable {
    struct Item: Sendable {
        let act: String
        let person: String?
        let time: Moment
        let notes: String?
    }

    let severity: String
    let status: String
    let assignee: String?
    let items: [Item]

    init(_ detail: AlertDetail) {
        severity = detail.alert.severity.rawValue
        status = detail.alert.status.rawValue
        assignee = detail.alert.assignedTo.map { detail.names[$0] ?? "somebody" }
        items = detail.history.reversed().map { entry in
            Item(
                act: entry.act(detail.names), person: entry.userID.map { detail.names[$0] ?? "somebody" },
                time: Moment(entry.time), notes: entry.notes)
        }
    }
}

extension AlertHistoryEntry {
    fileprivate func act(_ names: [UUID: String]) -> String {
        switch event {
        case .triggered: "Triggered"
        case .acknowledged: "Acknowledged"
        case .resolved: userID == nil ? "Resolved by itself" : "Resolved"
        case .dismissed: "Dismissed"
        case .assigned: assignedTo.map { "Assigned to \(names[$0] ?? "somebody")" } ?? "Assigned to nobody"
        case .reopened: "Opened again"
        case .commented: "Commented"
        case .severityRaised: "Severity raised\(severity.map { " to \($0.rawValue)" } ?? "")"
        }
    }
}

/// The form by which an alert goes on in its life.
struct AlertActionSection: Sendable {
    struct Action: Sendable {
        let path: String
        let title: String
    }

    let actions: [Action]
    let message: String?
    let notes: Field

    init(_ alert: Alert, _ form: FormState) {
        let possible: [(name: String, title: String)] =
            switch alert.status {
            case .active: [("acknowledge", "Acknowledge"), ("resolve", "Resolve"), ("dismiss", "Dismiss")]
            case .acknowledged: [("resolve", "Resolve"), ("dismiss", "Dismiss")]
            case .resolved, .dismissed: [("reopen", "Open again")]
            }
        actions = possible.map { Action(path: "/alerts/\(alert.id.text)/\($0.name)", title: $0.title) }
        message = form.message
        notes = form.field("notes", called: "The notes")
    }
}

/// The form by which an alert is given to a member.
struct AlertAssignmentSection: Sendable {
    let members: [Choice]
    let error: String?
    let message: String?

    init(_ alert: Alert, _ members: [DirectoryStore.Entry], _ form: FormState) {
        let field = form.field("user_id", called: "The member", alert.assignedTo?.text ?? "")
        self.members = members.choices([field.value])
        error = field.error
        message = form.message
    }
}
