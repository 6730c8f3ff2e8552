import EventBus
import FoundationEssentials
import Postgres

/// Keeps the dashboard's tables up with the events of the other services.
struct DashboardProjection: Sendable {
    let removal: OrganizationRemoval

    /// Applies one event; those that the dashboard does not show are passed over.
    @Sendable func apply(_ event: Event, _ transaction: Transaction) async throws {
        let statements = try statements(for: event)
        guard !statements.isEmpty else { return }
        _ = try await transaction.batch(statements)
    }

    private func statements(for event: Event) throws -> [SQL] {
        switch event.type {
        case "device.registered", "device.updated":
            let device = try event.decode(DeviceData.self)
            let upsert = DeviceRows.upsert(device, version: event.subjectVersion, at: event.time)
            guard event.type == "device.registered" else { return [upsert] }
            return [upsert, activity(event, device.organizationID, device.id, name: device.name)]
        case "device.deleted":
            let device = try event.decode(DeletedDevice.self)
            return [DeviceRows.delete(device, version: event.subjectVersion, at: event.time)]
        case "device.online", "device.offline", "device.status_changed":
            let change = try event.decode(StatusData.self)
            return [
                DeviceRows.setStatus(change, at: event.time),
                activity(
                    event, change.organizationID, change.deviceID,
                    detail: event.type == "device.status_changed" ? change.status : ""),
            ]
        case "organization.deleted":
            return event.organizationID.map { [removal.begin($0)] } ?? []
        case "member.added":
            return [MemberRows.add(try event.decode(), version: event.subjectVersion)]
        case "member.removed":
            return [MemberRows.remove(try event.decode(), version: event.subjectVersion, at: event.time)]
        case "user.updated":
            return [MemberRows.rename(try event.decode(), version: event.subjectVersion)]
        default:
            return try event.type.hasPrefix("alert.") ? alert(event) : command(event)
        }
    }

    private func alert(_ event: Event) throws -> [SQL] {
        let alert = try event.decode(AlertData.self)
        return [
            AlertRows.upsert(alert, version: event.subjectVersion),
            activity(
                event, alert.organizationID, alert.deviceID, name: alert.deviceName,
                detail: "\(alert.severity): \(alert.message)"),
        ]
    }

    private func command(_ event: Event) throws -> [SQL] {
        // Of a command's way only the beginning and the end are news.
        guard ["command.queued", "command.succeeded", "command.failed"].contains(event.type) else { return [] }
        let command = try event.decode(CommandData.self)
        return [activity(event, command.organizationID, command.deviceID, detail: command.commandType)]
    }

    private func activity(
        _ event: Event, _ organization: UUID, _ device: UUID?, name: String? = nil, detail: String = ""
    ) -> SQL {
        """
        INSERT INTO realtime.activity (id, organization_id, type, device_id, device_name, user_id, detail, happened_at)
        VALUES (\(event.id), \(organization), \(event.type), \(device), \(name), \(event.userID), \(detail),
            \(event.time))
        ON CONFLICT (id) DO NOTHING
        """
    }
}
