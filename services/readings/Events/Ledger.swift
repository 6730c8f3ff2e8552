import EventBus
import FoundationEssentials
import Kernel
import Postgres

/// The statements that go into the transaction of a change that a user makes, besides the change: its row in the audit
/// trail and, where other services are to hear of it, its event in the outbox.
struct Ledger: Sendable {
    let outbox: Outbox

    /// Each deletion is a subject of its own, so that no consumer takes an earlier one for outdated.
    func deleted(_ readings: DeletedReadings, by user: UUID) throws -> [SQL] {
        let event = try Event(
            source: .readings, type: "readings.deleted", subject: UUID.v7().text, subjectVersion: 1,
            organizationID: readings.organizationID, actor: "user:\(user.text)", data: readings)
        return [
            try audit("readings.deleted", readings.deviceID, readings.organizationID, by: user, readings),
            outbox.append(event),
        ]
    }

    /// Nothing when `after` equals `before`.
    func updated(
        _ before: Retention, _ after: Retention, of device: UUID, in organization: UUID, by user: UUID
    ) throws -> [SQL] {
        guard after != before else { return [] }
        let change = ["before": ["days": before.days], "after": ["days": after.days]]
        return [try audit("device.retention_updated", device, organization, by: user, change)]
    }

    /// That somebody begins to export readings of the organization; nobody else is told.
    func exported(_ readings: ExportedReadings, of organization: UUID, by user: UUID) throws -> SQL {
        try audit("readings.exported", organization, organization, by: user, readings)
    }

    private func audit(
        _ type: String, _ entity: UUID, _ organization: UUID, by user: UUID, _ data: some Encodable
    ) throws -> SQL {
        try AuditEntry(
            type: type, entityID: entity, organizationID: organization,
            actor: JSONB(["type": "user", "id": user.text]), data: JSONB(data)
        ).insert
    }
}
