import FoundationEssentials
import Postgres

/// What an evaluation changes; all of it is stored in one transaction.
struct EvaluationChanges: Sendable {
    var states: [RuleKey: RuleState] = [:]
    /// The organization of each rule of `states`.
    var organizations: [UUID: UUID] = [:]
    var newAlerts: [Alert] = []
    var changedAlerts: [Alert] = []
    var steps: [AlertStep] = []
}

/// Evaluates a batch of readings against rules: pure, from what was stored to what is to be stored.
struct Evaluation: Sendable {
    private let now: Timestamp
    private let storedAlerts: [RuleKey: Alert]
    private var openAlerts: [RuleKey: Alert]
    private(set) var changes: EvaluationChanges

    /// - Parameters:
    ///   - states: What is stored for the rules at hand; one that is missing begins anew.
    ///   - openAlerts: The alerts that stand: those dismissed, too, whose condition has not cleared yet.
    ///   - now: This system's clock.
    init(states: [RuleKey: RuleState], openAlerts: [RuleKey: Alert], now: Timestamp) {
        self.now = now
        storedAlerts = openAlerts
        self.openAlerts = openAlerts
        changes = EvaluationChanges(states: states)
    }

    /// Takes all that a rule is to take of a device, in the order of time.
    ///
    /// - Parameter rule: As it is for the device; each rule and device once.
    mutating func evaluate(_ observations: [Observation], by rule: Rule, at device: UUID, named name: String?) {
        let key = RuleKey(ruleID: rule.id, deviceID: device, sensorType: rule.definition.sensorType)
        var state = changes.states[key] ?? RuleState()
        state.isOpen = openAlerts[key] != nil
        for observation in observations {
            guard let action = state.take(observation, of: rule, at: now) else { continue }
            perform(action, key, rule, name)
        }
        changes.states[key] = state
        changes.organizations[rule.id] = rule.organizationID
        settle(key)
    }

    private mutating func perform(_ action: RuleAction, _ key: RuleKey, _ rule: Rule, _ name: String?) {
        switch action {
        case .trigger(let finding):
            let alert = Alert(rule, device: key.deviceID, name: name, finding: finding, at: now)
            openAlerts[key] = alert
            note(.triggered, alert, rule)
        case .count(let reading):
            openAlerts[key]?.count(reading)
        case .resolve:
            guard var alert = openAlerts.removeValue(forKey: key) else { return }
            if let event = alert.clear(at: now) { note(event, alert, rule) }
            store(alert, storedAlerts[key])
        }
    }

    private mutating func note(_ event: AlertEvent, _ alert: Alert, _ rule: Rule) {
        let plan = event == .triggered ? NotificationPlan(rule.definition) : nil
        changes.steps.append(
            AlertStep(event: event, alert: alert, channelIDs: rule.definition.channelIDs, plan: plan))
    }

    /// What is still open after the last reading is stored as it is now.
    private mutating func settle(_ key: RuleKey) {
        guard let alert = openAlerts[key] else { return }
        store(alert, storedAlerts[key])
    }

    private mutating func store(_ alert: Alert, _ stored: Alert?) {
        if alert.id != stored?.id {
            changes.newAlerts.append(alert)
        } else if alert != stored {
            changes.changedAlerts.append(alert)
        }
    }
}
