import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// The forms of an alert's page.
enum AlertForm: Sendable {
    case action, assignment, comment
}

/// An alert with what its page shows of it.
struct AlertContents: Sendable {
    let detail: AlertDetail
    /// Nil once it is deleted, and for who may not see rules.
    let rule: Rule?
    /// Whom the caller may give the alert to.
    let members: [DirectoryStore.Entry]
    /// The caller's role on the alert's device.
    let role: Role
}

/// What `alert.mustache` and `alert_life.mustache` read as `page`.
struct AlertPage: Sendable {
    let tabs: AlertTabs
    let id: String
    let path: String
    let message: String
    let facts: [AlertFact]
    let rulePath: String?
    let ruleName: String
    let devicePath: String
    let deviceName: String
    let chart: AlertChart?
    let hasCharts: Bool
    let life: AlertLifeSection
    let mayAct: Bool
    let actions: AlertActionSection
    let assignment: AlertAssignmentSection?
    let comment: Field
    let commentMessage: String?
    /// What has just been done.
    let notice: String?

    init(
        _ contents: AlertContents, for user: UserPrincipal, hasCharts: Bool, notice: String?,
        refused: RefusedForm<AlertForm>?
    ) {
        let alert = contents.detail.alert
        tabs = AlertTabs(.alerts, for: user)
        id = alert.id.text
        path = "/alerts/\(alert.id.text)"
        message = alert.message
        facts = Self.facts(of: alert)
        rulePath = contents.rule.map { "/alerts/rules/\($0.id.text)" }
        ruleName = alert.ruleName
        devicePath = "/devices/\(alert.deviceID.text)"
        deviceName = alert.deviceName ?? "an unknown device"
        chart = AlertChart(alert, contents.rule)
        self.hasCharts = hasCharts
        life = AlertLifeSection(contents.detail)
        mayAct = contents.role >= .member
        actions = AlertActionSection(alert, FormState(of: .action, refused))
        let assigning = FormState(of: AlertForm.assignment, refused)
        assignment =
            alert.status.isOpen && !contents.members.isEmpty
            ? AlertAssignmentSection(alert, contents.members, assigning) : nil
        let commenting = FormState(of: AlertForm.comment, refused)
        comment = commenting.field("text", called: "The comment")
        commentMessage = commenting.message
        self.notice = notice
    }

    private static func facts(of alert: Alert) -> [AlertFact] {
        let bound = alert.condition.map { $0.relation }
        let lines: [(title: String, value: String?)] = [
            ("Sensor", alert.sensorType.isEmpty ? nil : alert.sensorType), ("Condition", bound),
            ("Value", alert.reading.value.shortest),
            ("Last value", alert.count > 1 ? alert.lastReading.value.shortest : nil),
            ("Found", alert.count == 1 ? "once" : "\(alert.count) times"),
        ]
        return lines.compactMap { title, value in value.map { AlertFact(title: title, value: $0) } }
    }
}

/// A line of what is known of an alert or of a rule.
struct AlertFact: Sendable {
    let title: String
    let value: String
}

/// What the chart shows: the sensors that the alert is about, around the time at which it began.
struct AlertChart: Sendable {
    struct Sensor: Sendable {
        let name: String
        /// Numbers with spaces between, at which lines are drawn.
        let bounds: String
    }

    /// Shown before and after the reading that triggered the alert.
    private static let margin = Duration.seconds(3_600)

    let device: String
    let from: String
    let to: String
    let sensors: [Sensor]

    /// Nil where there are no readings to show.
    ///
    /// - Parameter rule: As it is now.
    init?(_ alert: Alert, _ rule: Rule?) {
        let kind = rule?.resolved(for: alert.deviceID).definition.kind
        switch kind {
        case .composite(let composite, _):
            sensors = composite.sensorTypes.map { sensor in
                let conditions = composite.terms.filter { $0.sensorType == sensor }.map(\.condition)
                return Sensor(name: sensor, bounds: Self.text(of: conditions))
            }
        // Of other kinds the bounds are not the sensor's.
        case .threshold: sensors = [Sensor(name: alert.sensorType, bounds: Self.text(of: [alert.condition]))]
        case .rateOfChange, .noData, .deviceOffline, .batteryLow, .dataQuality, nil:
            guard !alert.sensorType.isEmpty else { return nil }
            sensors = [Sensor(name: alert.sensorType, bounds: "")]
        }
        device = alert.deviceID.text
        from = alert.reading.time.adding(.zero - Self.margin).rfc3339
        to = alert.reading.time.adding(Self.margin).rfc3339
    }

    private static func text(of conditions: [ThresholdCondition?]) -> String {
        conditions.compactMap(\.self).flatMap { [$0.value, $0.high].compactMap(\.self) }.map(\.shortest)
            .joined(separator: " ")
    }
}
