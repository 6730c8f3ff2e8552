/// A step in an alert's life: a row of its history and, behind `alert.`, the type of its event.
enum AlertEvent: String, Sendable, Codable {
    case triggered, acknowledged, resolved

    /// The event's type: `alert.triggered`.
    var type: String { "alert.\(rawValue)" }
}
