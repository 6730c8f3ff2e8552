import FoundationEssentials
import HTTPKit
import Identity
import Kernel

/// What the page of alerts is asked for.
struct AlertListQuery: Sendable {
    /// Where in their lives the alerts are.
    enum Standing: String, CaseIterable {
        case open, active, acknowledged, resolved, dismissed, all

        var statuses: [AlertStatus] {
            switch self {
            case .open: AlertStatus.allCases.filter(\.isOpen)
            case .active: [.active]
            case .acknowledged: [.acknowledged]
            case .resolved: [.resolved]
            case .dismissed: [.dismissed]
            case .all: []
            }
        }
    }

    var standing = Standing.open
    var severity: Severity?
    var device: UUID?
    var rule: UUID?
    /// Whether they are assigned to who asks.
    var isMine = false

    /// - Throws: 422.
    init(_ query: QueryParameters) throws(Problem) {
        standing = try query.value("status", as: Standing.self) ?? .open
        severity = try query.value("severity", as: Severity.self)
        device = try query.value("device", as: UUID.self)
        rule = try query.value("rule", as: UUID.self)
        isMine = query["assigned"] == "me"
    }

    func filter(for user: UserPrincipal) -> AlertFilter {
        AlertFilter(
            severities: severity.map { [$0] } ?? [], statuses: standing.statuses,
            deviceIDs: device.map { [$0] } ?? [], ruleIDs: rule.map { [$0] } ?? [],
            assigneeIDs: isMine ? [user.id] : [], visibility: user.deviceVisibility)
    }

    /// As it stands behind `?`; empty for what is shown unasked.
    var text: String {
        var fields: [String] = []
        if standing != .open { fields.append("status=\(standing.rawValue)") }
        if let severity { fields.append("severity=\(severity.rawValue)") }
        if let device { fields.append("device=\(device.text)") }
        if let rule { fields.append("rule=\(rule.text)") }
        if isMine { fields.append("assigned=me") }
        return fields.joined(separator: "&")
    }

    /// A page that shows this.
    func path(of page: String) -> String { text.isEmpty ? page : "\(page)?\(text)" }
}
