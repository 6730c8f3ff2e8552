import EventBus
import Postgres

/// Keeps what this service knows of devices and members, and lets go of what has lost its device or organization.
struct Projections: Sendable {
    let devices: DeviceStore
    let members: MemberStore
    let life: AlertLife
    let removal: OrganizationRemoval

    /// Applies one event; the same event twice changes nothing more.
    func apply(_ event: Event, _ transaction: Transaction) async throws {
        switch event.type {
        case "device.registered", "device.updated":
            try await devices.upsert(event.decode(), version: event.subjectVersion, at: event.time, transaction)
        case "device.online", "device.offline", "device.status_changed":
            try await devices.update(event.decode(), version: event.subjectVersion, at: event.time, transaction)
        case "device.battery_changed":
            try await devices.update(event.decode(BatteryEventData.self), at: event.time, transaction)
        case "device.deleted":
            let device = try event.decode(DeviceDeletedData.self)
            try await devices.remove(
                device.id, of: device.organizationID, version: event.subjectVersion, transaction)
            try await life.resolveAll(ofDevice: device.id, in: device.organizationID, transaction)
        case "organization.deleted":
            try await transaction.query(removal.begin(event.decode(OrganizationDeletedData.self).organizationID))
        default: try await applyToMembers(event, transaction)
        }
    }

    private func applyToMembers(_ event: Event, _ transaction: Transaction) async throws {
        switch event.type {
        case "member.added":
            try await members.add(event.decode(), version: event.subjectVersion, transaction)
        case "member.removed":
            let member = try event.decode(MemberRemovedData.self)
            let isNews = try await members.remove(
                member.userID, of: member.organizationID, version: event.subjectVersion, at: event.time, transaction)
            guard isNews else { return }
            try await life.unassignAll(of: member.userID, in: member.organizationID, transaction)
        case "user.updated", "user.deactivated", "user.reactivated":
            try await members.update(event.decode(), version: event.subjectVersion, transaction)
        case "user.deleted":
            try await members.forget(event.decode(UserDeletedData.self).userID, at: event.time, transaction)
        default: break
        }
    }
}
