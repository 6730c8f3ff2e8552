import EventBus
import FoundationEssentials
import Kernel
import Postgres

extension AlertStep {
    /// What records the step, in the transaction that takes it.
    ///
    /// - Throws: `EncodingError`.
    func statements(_ outbox: Outbox) throws -> [SQL] {
        let document = AlertDocument(alert)
        let plan = plan.map { EscalationStore.replace(with: $0, of: alert, from: time) } ?? []
        return [history, outbox.append(try event(document))] + (try notifications(document)) + plan
    }

    /// What other services are told.
    ///
    /// - Throws: `EncodingError`.
    func event(_ document: AlertDocument) throws -> Event {
        try Event(
            source: .alerts, type: event.type, subject: alert.id.text, subjectVersion: alert.version,
            organizationID: alert.organizationID, actor: userID.map { "user:\($0.text)" }, data: document)
    }

    /// What the alert's history tells of it.
    var historyEntry: AlertHistoryEntry {
        AlertHistoryEntry(
            event: event, userID: userID, notes: notes, assignedTo: event == .assigned ? alert.assignedTo : nil,
            severity: event == .severityRaised ? alert.severity : nil, time: time)
    }

    private var history: SQL {
        let entry = historyEntry
        return """
            INSERT INTO alerts.alert_events (
                organization_id, alert_id, version, event_type, user_id, notes, assigned_to, severity, at)
            VALUES (
                \(alert.organizationID), \(alert.id), \(alert.version), \(entry.event.rawValue), \(entry.userID),
                \(entry.notes), \(entry.assignedTo), \(entry.severity?.rawValue), \(entry.time))
            """
    }

    /// Those for the channels that are still there.
    private func notifications(_ document: AlertDocument) throws -> [SQL] {
        guard event.isNotified, !channelIDs.isEmpty else { return [] }
        let body = try JSONB(WebhookBody(type: event.type, data: document))
        return [
            NotificationStore.insert(
                event.type, body, alert: alert.id, of: alert.organizationID, to: channelIDs)
        ]
    }
}

/// What a webhook is sent.
struct WebhookBody<Content: Encodable>: Encodable {
    /// Such as `alert.triggered`.
    let type: String
    let data: Content
}
