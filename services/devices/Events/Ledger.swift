import EventBus
import FoundationEssentials
import Kernel
import Postgres

/// The statements that go into the transaction of a change, besides the change: its row in the audit trail, its event in
/// the outbox and, where a status became another one, its row in the device's history.
struct Ledger: Sendable {
    let outbox: Outbox

    func registered(_ device: Device, _ cause: Cause) throws -> [SQL] {
        try [
            audit("device.registered", device.id, device.organizationID, cause, device),
            outbox.append(event("device.registered", about: device, cause)),
            StatusHistory.began(device),
        ]
    }

    /// Nothing when `after` equals `before`.
    func updated(_ before: Device, _ after: Device, _ cause: Cause) throws -> [SQL] {
        guard after.version != before.version else { return [] }
        var statements = try [
            audit("device.updated", after.id, after.organizationID, cause, Difference(before, after)),
            outbox.append(event("device.updated", about: after, cause)),
        ]
        if after.status != before.status {
            let change = StatusChange(
                deviceID: after.id, organizationID: after.organizationID, previous: before.status,
                status: after.status, lastSeen: after.lastSeen, version: after.version)
            statements += [try outbox.append(event(of: change, cause)), StatusHistory.changed(change)]
        }
        return statements
    }

    func deleted(_ device: Device, keys: [DeviceKey], _ cause: Cause) throws -> [SQL] {
        let event = try Event(
            source: .devices, type: "device.deleted", subject: device.id.text, subjectVersion: device.version + 1,
            organizationID: device.organizationID, actor: cause.actor.text, traceparent: cause.traceparent,
            data: DeviceDeleted(device))
        return try keys.flatMap { try revoked($0, cause) } + [
            audit("device.deleted", device.id, device.organizationID, cause, device), outbox.append(event),
        ]
    }

    func statusChanged(_ change: StatusChange, _ cause: Cause) throws -> [SQL] {
        try [
            audit(change.eventType, change.deviceID, change.organizationID, cause, change),
            outbox.append(event(of: change, cause)),
            StatusHistory.changed(change),
        ]
    }

    /// Not in the audit trail: it is measured, and nobody's doing.
    func batteryChanged(_ change: BatteryChange) throws -> SQL {
        try outbox.append(
            Event(
                source: .devices, type: "device.battery_changed", subject: change.deviceID.text,
                subjectVersion: change.version, organizationID: change.organizationID,
                actor: Cause.Actor.device(change.deviceID).text, data: change))
    }

    func configured(_ config: DeviceConfig, _ cause: Cause) throws -> SQL {
        try audit("device.config_updated", config.deviceID, config.organizationID, cause, config.desired)
    }

    /// Of an organization: what the configurations of a type of device may hold.
    func described(
        _ deviceType: String, in organization: UUID, before: AnyJSON?, after: AnyJSON?, _ cause: Cause
    ) throws -> SQL {
        let change: [String: AnyJSON] = [
            "device_type": .string(deviceType), "before": before ?? .null, "after": after ?? .null,
        ]
        return try audit("organization.config_described", organization, organization, cause, change)
    }

    // MARK: Keys

    /// Tells of a new key, or of another end of a known one.
    func issued(_ key: DeviceKey, _ cause: Cause) throws -> SQL {
        try outbox.append(event("device.key.issued", about: key, version: key.version, cause))
    }

    /// Tells that a key is void, and keeps it for those whom no message reaches.
    func revoked(_ key: DeviceKey, _ cause: Cause) throws -> [SQL] {
        let event = try event("device.key.revoked", about: key, version: key.version + 1, cause)
        return [outbox.append(event)] + KeyRevocationStore.insert(key)
    }

    func rotated(_ device: UUID, of organization: UUID, _ cause: Cause) throws -> SQL {
        try audit("device.key_rotated", device, organization, cause, [String: String]())
    }

    // MARK: Commands

    /// Tells that the command has reached its status; the audit trail of its device keeps who gave it and what became
    /// of it, not that it was on its way.
    func reached(_ command: Command, _ cause: Cause) throws -> [SQL] {
        let type = command.status == .pending ? "command.queued" : "command.\(command.status)"
        let event = try Event(
            source: .devices, type: type, subject: command.id.text, subjectVersion: command.version,
            organizationID: command.organizationID, actor: cause.actor.text, traceparent: cause.traceparent,
            data: command)
        guard command.status == .pending || command.status.isFinal else { return [outbox.append(event)] }
        return [try audit(type, command.deviceID, command.organizationID, cause, command), outbox.append(event)]
    }

    // MARK: Parts

    func audit(
        _ type: String, _ device: UUID, _ organization: UUID, _ cause: Cause, _ data: some Encodable
    ) throws -> SQL {
        try AuditEntry(
            type: type, entityID: device, organizationID: organization, actor: JSONB(cause.actor), data: JSONB(data)
        ).insert
    }

    func event(_ type: String, about device: Device, _ cause: Cause) throws -> Event {
        try Event(
            source: .devices, type: type, subject: device.id.text, subjectVersion: device.version,
            organizationID: device.organizationID, actor: cause.actor.text, traceparent: cause.traceparent,
            data: device)
    }

    private func event(of change: StatusChange, _ cause: Cause) throws -> Event {
        try Event(
            source: .devices, type: change.eventType, subject: change.deviceID.text, subjectVersion: change.version,
            organizationID: change.organizationID, actor: cause.actor.text, traceparent: cause.traceparent,
            data: change)
    }

    func event(_ type: String, about key: DeviceKey, version: Int, _ cause: Cause) throws -> Event {
        try Event(
            source: .devices, type: type, subject: key.hash.hex, subjectVersion: version,
            organizationID: key.organizationID, actor: cause.actor.text, traceparent: cause.traceparent,
            data: DeviceKeyData(key))
    }
}
