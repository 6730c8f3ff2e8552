import EventBus
import Postgres

/// Applies what the other services tell: whose plan is to begin, who has which devices, and what was used.
struct Projections: Sendable {
    let organizations: OrganizationStore
    let subscriptions: SubscriptionStore
    let devices: DeviceStore
    let usage: UsageStore

    /// Applies one event; the same event twice changes nothing more.
    func apply(_ event: Event, _ transaction: Transaction) async throws {
        switch event.type {
        case "organization.created", "organization.updated", "organization.deleted":
            try await applyOrganization(event, transaction)
        case "device.registered":
            let device = try event.decode(DeviceData.self)
            try await devices.registered(
                device.id, by: device.organizationID, at: device.createdAt ?? event.time, transaction)
        case "device.deleted":
            let device = try event.decode(DeviceData.self)
            try await devices.deleted(device.id, of: device.organizationID, at: event.time, transaction)
        case "usage.recorded":
            try await usage.count(event.decode(UsageRecordedData.self).batches, at: event.time, transaction)
        case "command.queued":
            try await count(.commands, event, transaction)
        case "notification.sent":
            try await count(.notifications, event, transaction)
        default: break
        }
    }

    private func applyOrganization(_ event: Event, _ transaction: Transaction) async throws {
        let data = try event.decode(OrganizationData.self)
        guard event.type != "organization.deleted" else {
            return try await organizations.remove(data.organizationID, version: event.subjectVersion, transaction)
        }
        try await organizations.upsert(
            data.organizationID, name: data.name ?? "", version: event.subjectVersion, transaction)
        try await subscriptions.makeInitial(data.organizationID, transaction)
    }

    private func count(_ kind: UsageKind, _ event: Event, _ transaction: Transaction) async throws {
        try await usage.count(
            kind, for: event.decode(CountedData.self).organizationID, event: event.id, from: event.source,
            at: event.time, transaction)
    }
}
