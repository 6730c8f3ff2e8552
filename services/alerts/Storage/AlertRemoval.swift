import EventBus
import Postgres

/// What this service holds of an organization, what refers to something before that.
enum AlertRemoval {
    static let parts: [OrganizationRemoval.Step] = [
        .rows(of: "alerts.escalations"),
        .rows(of: "alerts.delivery_attempts"),
        .rows(of: "alerts.notifications"),
        .rows(of: "alerts.alert_events"),
        .rows(of: "alerts.alerts"),
        .rows(of: "alerts.rule_state"),
        .rows(of: "alerts.rules"),
        .rows(of: "alerts.channels"),
        .rows(of: "alerts.maintenance_windows"),
        .rows(of: "alerts.devices"),
        .rows(of: "alerts.preferences"),
        .rows(of: "alerts.mail_hours"),
        .rows(of: "alerts.members"),
    ]
}
