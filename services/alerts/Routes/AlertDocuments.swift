import FoundationEssentials
import Kernel
import Postgres

/// A row of an alert's history as it is answered.
struct AlertHistoryDocument: Encodable {
    let event: AlertEvent
    let userID: String?
    let userName: String?
    let notes: String?
    let assignedTo: String?
    let assignedToName: String?
    let severity: Severity?
    let at: Timestamp

    enum CodingKeys: String, CodingKey {
        case event, notes, severity, at
        case userID = "user_id"
        case userName = "user_name"
        case assignedTo = "assigned_to"
        case assignedToName = "assigned_to_name"
    }

    /// - Parameter names: Of the members that the entry may name.
    init(_ entry: AlertHistoryEntry, names: [UUID: String]) {
        event = entry.event
        userID = entry.userID?.text
        userName = entry.userID.flatMap { names[$0] }
        notes = entry.notes
        assignedTo = entry.assignedTo?.text
        assignedToName = entry.assignedTo.flatMap { names[$0] }
        severity = entry.severity
        at = entry.time
    }
}

/// An alert with its history.
struct AlertDetailDocument: Encodable {
    let alert: AlertDocument
    let assignedToName: String?
    let history: [AlertHistoryDocument]

    enum CodingKeys: String, CodingKey {
        case history
        case assignedToName = "assigned_to_name"
    }

    init(_ detail: AlertDetail) {
        alert = AlertDocument(detail.alert)
        assignedToName = detail.alert.assignedTo.flatMap { detail.names[$0] }
        history = detail.history.map { AlertHistoryDocument($0, names: detail.names) }
    }

    func encode(to encoder: any Encoder) throws {
        try alert.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(assignedToName, forKey: .assignedToName)
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
