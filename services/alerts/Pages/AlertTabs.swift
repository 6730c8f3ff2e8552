import HTTPKit
import Identity
import Kernel

/// The parts of the pages of alerts, which `alerts_tabs.mustache` lists; none for who may see single alerts only.
struct AlertTabs: Sendable {
    struct Tab: Sendable {
        let path: String
        let title: String
        let isCurrent: Bool
    }

    enum Part: CaseIterable {
        case alerts, rules, channels, deliveries, maintenance, preferences

        var path: String {
            switch self {
            case .alerts: "/alerts"
            case .rules: "/alerts/rules"
            case .channels: "/alerts/channels"
            case .deliveries: "/alerts/deliveries"
            case .maintenance: "/alerts/maintenance"
            case .preferences: "/alerts/preferences"
            }
        }

        var title: String {
            switch self {
            case .alerts: "Alerts"
            case .rules: "Rules"
            case .channels: "Channels"
            case .deliveries: "Deliveries"
            case .maintenance: "Maintenance"
            case .preferences: "What I am mailed"
            }
        }
    }

    let items: [Tab]
    let hasItems: Bool

    init(_ current: Part, for user: UserPrincipal) {
        items =
            user.role == nil
            ? [] : Part.allCases.map { Tab(path: $0.path, title: $0.title, isCurrent: $0 == current) }
        hasItems = !items.isEmpty
    }
}

extension UserPrincipal {
    /// Whether the user administers the organization's rules.
    var isAdmin: Bool { role.map { $0 >= .admin } ?? false }
}

extension [DirectoryStore.Entry] {
    /// To be chosen from; what is chosen and not among them is, too.
    func choices(_ chosen: Set<String>) -> [Choice] {
        let listed = map { Choice(value: $0.id.text, title: $0.name, isChosen: chosen.contains($0.id.text)) }
        let missing = chosen.subtracting(map(\.id.text)).subtracting([""]).sorted()
        return listed + missing.map { Choice(value: $0, title: $0, isChosen: true) }
    }
}
