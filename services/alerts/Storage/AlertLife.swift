import EventBus
import FoundationEssentials
import Kernel
import Logging
import Postgres

/// The steps of alerts' lives that are not taken by evaluation, each with all that is told of it.
struct AlertLife: Sendable {
    let alerts: AlertStore
    let outbox: Outbox
    let logger: Logger

    /// Takes a user's action on an alert that is locked.
    ///
    /// - Returns: The step, or nil when the action changes nothing.
    /// - Throws: ``AlertActionRefused``.
    func take(
        _ action: AlertAction, on alert: Alert, by user: UUID, notes: String?, _ transaction: Transaction
    ) async throws -> AlertStep? {
        var changed = alert
        let now = Timestamp.now
        guard let event = try changed.take(action, by: user, notes: notes, at: now) else { return nil }
        let plan = event.isNotified ? try await plans(of: [alert], transaction)[alert.ruleID] : nil
        let step = AlertStep(
            event: event, alert: changed, channelIDs: plan?.channelIDs ?? [], userID: user, notes: notes, time: now,
            plan: event == .reopened ? plan : nil)
        return try await take([step], transaction).first
    }

    /// Whether the alert can be opened again beside what there is by now; evaluation is kept from its rule and sensor
    /// (``AlertStore/lockStanding(ofAlert:in:_:)``).
    ///
    /// - Parameter isWatched: Whether its rule and device are still there.
    /// - Throws: ``AlertActionRefused``.
    func checkReopening(_ alert: Alert, isWatched: Bool, _ transaction: Transaction) async throws {
        guard !alert.status.isOpen else { return }
        guard isWatched else { throw AlertActionRefused("The alert's rule or device has been deleted.") }
        guard try await !alerts.hasOther(standingFor: alert, transaction) else {
            throw AlertActionRefused(
                "Another alert of this rule, device and sensor is open, or was dismissed while its condition holds.")
        }
    }

    /// Ends the open alerts of a rule that is about to be deleted.
    func resolveAll(ofRule rule: Rule, by user: UUID, _ transaction: Transaction) async throws -> [AlertStep] {
        let (now, reason) = (Timestamp.now, "The rule was deleted.")
        let open = try await alerts.lockOpen(ofRule: rule.id, in: rule.organizationID, transaction)
        let steps = open.map { alert in
            var changed = alert
            changed.end(by: user, notes: reason, at: now)
            return AlertStep(
                event: .resolved, alert: changed, channelIDs: rule.definition.channelIDs, userID: user, notes: reason,
                time: now)
        }
        return try await take(steps, transaction)
    }

    /// Ends the open alerts of a device that is gone, but those that cannot be read: nothing else waits for them.
    func resolveAll(ofDevice device: UUID, in organization: UUID, _ transaction: Transaction) async throws {
        let open = try await alerts.lockOpen(ofDevice: device, in: organization, logger, transaction)
        try await takeByThemselves(.resolved, open, transaction) { $0.end(at: $1) }
    }

    /// Takes the open alerts off a user who is no member any more, but those that cannot be read.
    func unassignAll(of user: UUID, in organization: UUID, _ transaction: Transaction) async throws {
        let open = try await alerts.lockOpen(ofAssignee: user, in: organization, logger, transaction)
        try await takeByThemselves(.assigned, open, transaction) { alert, _ in alert.unassign() }
    }

    /// Raises the severity of up to `limit` alerts that nobody has acknowledged in time.
    func raiseOverdue(_ limit: Int) async throws -> [AlertStep] {
        try await alerts.database.withTransaction(as: .platform) { transaction in
            let overdue = try await alerts.lockOverdue(limit, logger, transaction)
            return try await takeByThemselves(.severityRaised, overdue, transaction) { $0.raise(at: $1) }
        }
    }

    @discardableResult
    private func takeByThemselves(
        _ event: AlertEvent, _ alerts: [Alert], _ transaction: Transaction,
        _ change: (inout Alert, Timestamp) -> Void
    ) async throws -> [AlertStep] {
        guard !alerts.isEmpty else { return [] }
        let now = Timestamp.now
        let plans = event.isNotified ? try await plans(of: alerts, transaction) : [:]
        let steps = alerts.map { alert in
            var changed = alert
            change(&changed, now)
            return AlertStep(
                event: event, alert: changed, channelIDs: plans[alert.ruleID]?.channelIDs ?? [], time: now)
        }
        return try await take(steps, transaction)
    }

    private func take(_ steps: [AlertStep], _ transaction: Transaction) async throws -> [AlertStep] {
        guard !steps.isEmpty else { return [] }
        try await transaction.batch(try steps.flatMap { [$0.alert.update] + (try $0.statements(outbox)) })
        return steps
    }

    /// Whom the alerts of the rules are told to; nothing for a rule that is no more. No more is read of a rule, so that
    /// this does not depend on what a newer version has written of it.
    private func plans(of alerts: [Alert], _ transaction: Transaction) async throws -> [UUID: NotificationPlan] {
        let rules = Array(Set(alerts.map(\.ruleID)))
        let rows = try await transaction.query(
            "SELECT id, channel_ids, repeat_after_s, escalation FROM alerts.rules WHERE id = ANY(\(rules))")
        let plans = rows.readable("rule", logger) { row in
            let (id, channels, seconds) = try row.decode(UUID.self, [UUID].self, Int?.self)
            let escalation = try row.decode(JSONB.self, at: 3).decode([EscalationDocument].self)
            return (
                id,
                NotificationPlan(
                    channelIDs: channels, repeatAfterSeconds: seconds, escalation: escalation.map(\.step))
            )
        }
        return Dictionary(uniqueKeysWithValues: plans)
    }
}
