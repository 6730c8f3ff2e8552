import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// The forms of a rule's page.
enum RuleForm: Sendable {
    case definition, test, deletion
}

/// What the editor of rules offers for choice.
struct RuleChoices: Sendable {
    let scope: ScopeChoices
    let channels: [DirectoryStore.Entry]
}

/// What `rule.mustache` reads as `page`.
struct RulePage: Sendable {
    let tabs: AlertTabs
    let path: String
    let name: String
    let sentence: String
    let severity: String
    let isEnabled: Bool
    let facts: [AlertFact]
    let openAlerts: Int?
    let alertsPath: String
    let isAdmin: Bool
    /// For changing it; nil for who may not.
    let form: RuleFormSection?
    let version: Int
    let hasCharts: Bool
    let mayTest: Bool
    let test: RuleTestSection?
    let testMessage: String?
    let deletionError: String?
    /// What has just been done.
    let notice: String?

    /// - Parameters:
    ///   - draft: What the form holds; nil for who may not change the rule.
    ///   - names: Of the devices and the project that the rule is for.
    ///   - refused: The form that the page is the answer to, where it is one to a form.
    init(
        _ rule: Rule, _ draft: RuleDraft?, _ choices: RuleChoices, names: [UUID: String], openAlerts: Int?,
        for user: UserPrincipal, hasCharts: Bool, test: RuleTestSection?, notice: String?,
        refused: RefusedForm<RuleForm>?
    ) {
        let definition = rule.definition
        tabs = AlertTabs(.rules, for: user)
        path = "/alerts/rules/\(rule.id.text)"
        name = definition.name
        sentence = definition.kind.sentence
        severity = definition.severity.rawValue
        isEnabled = definition.isEnabled
        facts = Self.facts(of: definition, names: names)
        self.openAlerts = openAlerts
        alertsPath = "/alerts?rule=\(rule.id.text)"
        isAdmin = user.isAdmin
        form = draft.map { RuleFormSection($0, choices, FormState(of: .definition, refused)) }
        version = rule.version
        self.hasCharts = hasCharts
        mayTest = isAdmin && !definition.kind.sensorTypes.isEmpty
        self.test = test
        testMessage = FormState(of: .test, refused).message
        deletionError = FormState(of: .deletion, refused).field("confirmed", called: "The box").error
        self.notice = notice
    }

    private static func facts(of rule: RuleDefinition, names: [UUID: String]) -> [AlertFact] {
        let lines: [(title: String, value: String?)] = [
            ("Kind", rule.kind.name.title), ("For", rule.scope.sentence(names)),
            ("When", rule.schedule?.sentence),
            ("Own bounds", rule.overrides.isEmpty ? nil : "of \(rule.overrides.count) devices"),
            ("Silent after an alert", rule.cooldownMinutes == 0 ? nil : "\(rule.cooldownMinutes) min"),
            ("Severity rises", rule.raiseAfterSeconds.map { "after \(RuleKind.duration(Double($0)))" }),
            ("Told again", rule.repeatAfterSeconds.map { "after \(RuleKind.duration(Double($0)))" }),
            ("Channels", rule.channelIDs.isEmpty ? "none" : "\(rule.channelIDs.count)"),
        ]
        return lines.compactMap { title, value in value.map { AlertFact(title: title, value: $0) } }
    }
}

/// What `rule_new.mustache` reads as `page`: the kinds to choose from, or the form of the one that is chosen.
struct NewRulePage: Sendable {
    struct Kind: Sendable {
        let path: String
        let title: String
        let summary: String
    }

    let tabs: AlertTabs
    let kinds: [Kind]
    let form: RuleFormSection?
    let hasCharts: Bool

    init(_ form: RuleFormSection?, for user: UserPrincipal, hasCharts: Bool) {
        tabs = AlertTabs(.rules, for: user)
        kinds = RuleKind.Name.allCases.map { kind in
            Kind(path: "/alerts/rules/new?kind=\(kind.rawValue)", title: kind.title, summary: kind.summary)
        }
        self.form = form
        self.hasCharts = hasCharts
    }
}

/// When the rule would have fired.
struct RuleTestSection: Sendable {
    struct Item: Sendable {
        let device: String
        let began: Moment
        /// Nil while it would still be open.
        let ended: Moment?
        let message: String
    }

    /// So many are shown.
    static let mostItems = 100

    let items: [Item]
    let hasItems: Bool
    let count: Int
    let readings: Int
    let devices: Int
    let isTruncated: Bool

    init(_ report: RuleTest.Report, names: [UUID: String]) {
        items = report.firings.prefix(Self.mostItems).map { firing in
            Item(
                device: names[firing.deviceID] ?? firing.deviceID.text, began: Moment(firing.triggeredAt),
                ended: firing.resolvedAt.map(Moment.init), message: firing.message)
        }
        hasItems = !items.isEmpty
        count = report.firings.count
        (readings, devices) = (report.readings, report.devices)
        isTruncated = report.isTruncated || report.firings.count > Self.mostItems
    }
}
