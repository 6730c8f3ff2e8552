import FoundationEssentials
import Postgres

/// A step in an alert's life: a row of its history and, behind `alert.`, the type of its event.
enum AlertEvent: String, Sendable, Codable, CaseIterable {
    case triggered, acknowledged, resolved, dismissed, assigned, reopened, commented
    case severityRaised = "severity_raised"

    /// The event's type: `alert.triggered`.
    var type: String { "alert.\(rawValue)" }

    /// Whether the rule's channels are told.
    var isNotified: Bool {
        switch self {
        case .triggered, .resolved, .dismissed, .reopened, .severityRaised: true
        case .acknowledged, .assigned, .commented: false
        }
    }
}

/// What is told of a step: to the alert's history, to the other services, and to the rule's channels.
struct AlertStep: Sendable {
    let event: AlertEvent
    /// The alert as it was then.
    let alert: Alert
    let channelIDs: [UUID]
    /// Who took the step; nil for what happened by itself.
    var userID: UUID?
    /// What was said at it.
    var notes: String?
    var time = Timestamp.now
    /// Who is told later, of an alert that begins or is opened again.
    var plan: NotificationPlan?
}
