/// What an organization's plan allows it to send; nil is without limit.
struct IngestLimits: Sendable, Hashable {
    let plan: String
    /// Of the calendar, UTC.
    let readingsPerMonth: Int?
    /// On average; at once at most a minute's.
    let readingsPerMinute: Int?
}

/// Why an organization's readings are not taken now: a limit of its plan.
enum IngestRefusal: Error, Sendable, Hashable {
    case monthUsedUp(plan: String, limit: Int)
    case tooFast(plan: String, limit: Int, wait: Duration)

    /// The limit's name, as billing tells it.
    var limitName: String {
        switch self {
        case .monthUsedUp: "readings_per_month"
        case .tooFast: "readings_per_minute"
        }
    }
}
