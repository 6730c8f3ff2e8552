import FoundationEssentials
import HTTPKit
import Identity
import Kernel

/// What a form about deliveries has done.
enum DeliveryNotice: String, Notice {
    case resent

    var text: String {
        switch self {
        case .resent: "It is sent again, as a message of its own: this one."
        }
    }
}

/// A notification as the pages show it.
struct DeliveryItem: Sendable {
    let path: String
    let channel: String
    let recipient: String?
    let event: String
    let status: String
    /// The class of the status's badge.
    let tone: String
    let attempts: Int
    let made: Moment
    let next: Moment?
    /// Until when it was held back.
    let held: Moment?
    let lastError: String?
    let alertPath: String

    init(_ notification: Notification) {
        path = "/alerts/deliveries/\(notification.id.text)"
        channel = notification.channelName
        recipient = notification.recipient
        event = notification.eventType.replacing("alert.", with: "").replacing("_", with: " ")
        status = notification.status.rawValue
        tone =
            switch notification.status {
            case .pending: "pending"
            case .sent: "succeeded"
            case .dead: "failed"
            case .skipped: "archived"
            }
        attempts = notification.attempts
        made = Moment(notification.createdAt)
        next = notification.status == .pending ? notification.dueAt.map(Moment.init) : nil
        held = notification.heldUntil.map(Moment.init)
        lastError = notification.lastError
        alertPath = "/alerts/\(notification.alertID.text)"
    }
}

/// What `deliveries.mustache` reads as `page`.
struct DeliveriesPage: Sendable {
    let tabs: AlertTabs
    let items: [DeliveryItem]
    let hasItems: Bool
    let pager: Pager?
    let statuses: [Choice]

    /// - Parameter status: What is asked for; nil for all.
    init(_ notifications: ListPart<Notification>, status: Notification.Status?, for user: UserPrincipal) {
        tabs = AlertTabs(.deliveries, for: user)
        items = notifications.items.map(DeliveryItem.init)
        hasItems = !items.isEmpty
        let path = "/alerts/deliveries" + (status.map { "?status=\($0.rawValue)" } ?? "")
        pager = Pager(
            "Deliveries", of: path, cursor: "cursor", next: notifications.next, isFirst: notifications.isFirst,
            anchor: "deliveries")
        statuses = Notification.Status.allCases.map {
            Choice(value: $0.rawValue, title: $0.rawValue.capitalized, isChosen: $0 == status)
        }
    }
}

/// What `delivery.mustache` reads as `page`.
struct DeliveryPage: Sendable {
    struct Attempt: Sendable {
        let number: Int
        let time: Moment
        let milliseconds: Int
        let outcome: String
        let answer: Int?
        let detail: String
    }

    let tabs: AlertTabs
    let item: DeliveryItem
    let attempts: [Attempt]
    let hasAttempts: Bool
    let mayResend: Bool
    /// Why it was not sent again.
    let refusal: String?
    /// What has just been done.
    let notice: String?

    init(
        _ notification: Notification, _ attempts: [DeliveryAttempt], for user: UserPrincipal, refusal: Problem?,
        notice: String?
    ) {
        tabs = AlertTabs(.deliveries, for: user)
        item = DeliveryItem(notification)
        self.attempts = attempts.map {
            Attempt(
                number: $0.number, time: Moment($0.at), milliseconds: $0.milliseconds, outcome: $0.outcome.rawValue,
                answer: $0.responseStatus, detail: $0.detail)
        }
        hasAttempts = !attempts.isEmpty
        mayResend = user.isAdmin && notification.status != .pending
        self.refusal = refusal?.sentence
        self.notice = notice
    }
}
