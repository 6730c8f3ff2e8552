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
        let plan = plan.map { EscalationStore.insert($0, of: alert, from: .now) } ?? []
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

    private var history: SQL {
        """
        INSERT INTO alerts.alert_events (organization_id, alert_id, version, event_type, user_id, notes)
        VALUES (
            \(alert.organizationID), \(alert.id), \(alert.version), \(event.rawValue), \(userID),
            \(userID == nil ? nil : alert.notes))
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
