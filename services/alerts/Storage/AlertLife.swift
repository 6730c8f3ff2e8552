import EventBus
import FoundationEssentials
import Kernel
import Postgres

/// The steps of alerts' lives that are not taken by evaluation, each with all that is told of it.
struct AlertLife: Sendable {
    let alerts: AlertStore
    let outbox: Outbox

    /// Takes note that a user knows of the alert.
    ///
    /// - Returns: The step, or nil when the alert was acknowledged already.
    /// - Throws: ``AlertResolved``.
    func acknowledge(
        _ alert: Alert, by user: UUID, notes: String?, _ transaction: Transaction
    ) async throws -> AlertStep? {
        guard alert.status.isOpen else { throw AlertResolved() }
        guard alert.status == .active else { return nil }
        var changed = alert
        changed.acknowledge(by: user, notes: notes, at: .now)
        let step = AlertStep(event: .acknowledged, alert: changed, channelIDs: [], userID: user)
        return try await take([step], transaction).first
    }

    /// Ends the alert by a user's hand.
    ///
    /// - Returns: The step, or nil when the alert was resolved already.
    func resolve(
        _ alert: Alert, by user: UUID, notes: String?, _ transaction: Transaction
    ) async throws -> AlertStep? {
        guard alert.status.isOpen else { return nil }
        var changed = alert
        changed.resolve(by: user, notes: notes, at: .now)
        let channels = try await channels(ofRule: alert.ruleID, in: alert.organizationID, transaction)
        let step = AlertStep(event: .resolved, alert: changed, channelIDs: channels, userID: user)
        return try await take([step], transaction).first
    }

    /// Ends the open alerts of a rule that is about to be deleted.
    func resolveAll(ofRule rule: Rule, by user: UUID, _ transaction: Transaction) async throws -> [AlertStep] {
        let open = try await alerts.lockOpen(ofRule: rule.id, in: rule.organizationID, transaction)
        let steps = open.map { alert in
            var changed = alert
            changed.resolve(by: user, notes: "The rule was deleted.", at: .now)
            return AlertStep(
                event: .resolved, alert: changed, channelIDs: rule.definition.channelIDs, userID: user)
        }
        return try await take(steps, transaction)
    }

    /// Ends the open alerts of a device that is gone.
    func resolveAll(ofDevice device: UUID, in organization: UUID, _ transaction: Transaction) async throws {
        var steps: [AlertStep] = []
        for var alert in try await alerts.lockOpen(ofDevice: device, in: organization, transaction) {
            alert.resolve(at: .now)
            let channels = try await channels(ofRule: alert.ruleID, in: organization, transaction)
            steps.append(AlertStep(event: .resolved, alert: alert, channelIDs: channels))
        }
        _ = try await take(steps, transaction)
    }

    private func take(_ steps: [AlertStep], _ transaction: Transaction) async throws -> [AlertStep] {
        guard !steps.isEmpty else { return [] }
        try await transaction.batch(try steps.flatMap { [$0.alert.update] + (try $0.statements(outbox)) })
        return steps
    }

    private func channels(
        ofRule rule: UUID, in organization: UUID, _ transaction: Transaction
    ) async throws -> [UUID] {
        let rows = try await transaction.query(
            "SELECT channel_ids FROM alerts.rules WHERE organization_id = \(organization) AND id = \(rule)")
        return try rows.first?.decode([UUID].self) ?? []
    }
}

/// The alert is resolved, so it cannot be acknowledged any more.
struct AlertResolved: Error {}
