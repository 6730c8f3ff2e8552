import FoundationEssentials
import HTTPKit
import Identity
import Kernel

/// What a form about rules has done.
enum RuleNotice: String, Notice {
    case created, saved, deleted, enabled, disabled

    var text: String {
        switch self {
        case .created: "The rule has been made. It applies to every reading from now on."
        case .saved: "The rule has been saved. It applies to every reading from now on."
        case .deleted: "The rule has been deleted, and its open alerts are resolved."
        case .enabled: "The rule is enabled."
        case .disabled: "The rule is disabled."
        }
    }
}

/// What `rules.mustache` reads as `page`.
struct RulesPage: Sendable {
    struct Item: Sendable {
        let path: String
        let name: String
        let sentence: String
        let scope: String
        let severity: String
        let isEnabled: Bool
        /// The names of its channels; nil where it tells nobody.
        let channels: String?
        /// How many of its alerts are open, where there are any.
        let openAlerts: Int?
        /// Those alerts.
        let alertsPath: String
    }

    let tabs: AlertTabs
    let items: [Item]
    let hasItems: Bool
    let pager: Pager?
    let isAdmin: Bool
    /// What has just been done.
    let notice: String?

    /// - Parameters:
    ///   - names: Of the devices and projects that the rules are for.
    ///   - openAlerts: By rule.
    init(
        _ rules: ListPart<Rule>, names: [UUID: String], channels: [DirectoryStore.Entry], openAlerts: [UUID: Int],
        for user: UserPrincipal, notice: String?
    ) {
        let channels = Dictionary(channels.map { ($0.id, $0.name) }) { first, _ in first }
        tabs = AlertTabs(.rules, for: user)
        items = rules.items.map { Item($0, names: names, channels: channels, openAlerts: openAlerts[$0.id]) }
        hasItems = !items.isEmpty
        pager = Pager(
            "Rules", of: "/alerts/rules", cursor: "cursor", next: rules.next, isFirst: rules.isFirst, anchor: "rules")
        isAdmin = user.isAdmin
        self.notice = notice
    }
}

extension RulesPage.Item {
    fileprivate init(_ rule: Rule, names: [UUID: String], channels: [UUID: String], openAlerts: Int?) {
        let definition = rule.definition
        path = "/alerts/rules/\(rule.id.text)"
        name = definition.name
        sentence = definition.kind.sentence
        scope = definition.scope.sentence(names)
        severity = definition.severity.rawValue
        isEnabled = definition.isEnabled
        let told = definition.channelIDs.map { channels[$0] ?? "another channel" }
        self.channels = told.isEmpty ? nil : told.joined(separator: ", ")
        self.openAlerts = openAlerts
        alertsPath = "/alerts?rule=\(rule.id.text)"
    }
}
