import Kernel
import Postgres

/// An alert with its history.
struct AlertDetailDocument: Encodable {
    struct Entry: Encodable {
        let event: AlertEvent
        let userID: String?
        let notes: String?
        let at: Timestamp

        enum CodingKeys: String, CodingKey {
            case event, notes, at
            case userID = "user_id"
        }
    }

    let alert: AlertDocument
    let history: [Entry]

    enum CodingKeys: CodingKey {
        case history
    }

    init(_ alert: Alert, _ history: [AlertHistoryEntry]) {
        self.alert = AlertDocument(alert)
        self.history = history.map {
            Entry(event: $0.event, userID: $0.userID?.text, notes: $0.notes, at: $0.at)
        }
    }

    func encode(to encoder: any Encoder) throws {
        try alert.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(history, forKey: .history)
    }
}

/// How many alerts there are.
struct AlertStatsDocument: Encodable {
    let total: Int
    /// Active or acknowledged.
    let open: Int
    let bySeverity: [String: Int]
    let byStatus: [String: Int]

    enum CodingKeys: String, CodingKey {
        case total, open
        case bySeverity = "by_severity"
        case byStatus = "by_status"
    }

    init(_ counts: [(severity: Severity, status: AlertStatus, count: Int)]) {
        var bySeverity = Dictionary(uniqueKeysWithValues: Severity.allCases.map { ($0.rawValue, 0) })
        var byStatus = Dictionary(uniqueKeysWithValues: AlertStatus.allCases.map { ($0.rawValue, 0) })
        for (severity, status, count) in counts {
            bySeverity[severity.rawValue, default: 0] += count
            byStatus[status.rawValue, default: 0] += count
        }
        total = counts.reduce(0) { $0 + $1.count }
        open = counts.filter(\.status.isOpen).reduce(0) { $0 + $1.count }
        self.bySeverity = bySeverity
        self.byStatus = byStatus
    }
}
