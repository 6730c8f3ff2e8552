import EventBus
import FoundationEssentials
import Postgres

/// Keeps the dashboard's tables up with the events of the other services.
struct DashboardProjection: Sendable {
    let removal: OrganizationRemoval

    /// Applies one event; those that the dashboard does not show are passed over.
    @Sendable func apply(_ event: Event, _ transaction: Transaction) async throws {
        let statements = try state(after: event) + news(of: event)
        guard !statements.isEmpty else { return }
        _ = try await transaction.batch(statements)
    }

    /// Applies one event of a snapshot, which tells how things are and is no news.
    @Sendable func restore(_ event: Event, _ transaction: Transaction) async throws {
        let statements = try state(after: event)
        guard !statements.isEmpty else { return }
        _ = try await transaction.batch(statements)
    }

    private func state(after event: Event) throws -> [SQL] {
        switch event.type {
        case "device.registered", "device.updated":
            return [DeviceRows.upsert(try event.decode(), version: event.subjectVersion, at: event.time)]
        case "device.deleted":
            return [DeviceRows.delete(try event.decode(), version: event.subjectVersion, at: event.time)]
        case "device.online", "device.offline", "device.status_changed":
            return [DeviceRows.setStatus(try event.decode(), at: event.time)]
        case "organization.deleted":
            return event.organizationID.map { [removal.begin($0)] } ?? []
        case "member.added":
            return [MemberRows.add(try event.decode(), version: event.subjectVersion)]
        case "member.removed":
            return [MemberRows.remove(try event.decode(), version: event.subjectVersion, at: event.time)]
        case "user.updated":
            return [MemberRows.rename(try event.decode(), version: event.subjectVersion)]
        case "user.deleted":
            return MemberRows.forget(try event.decode(DeletedUser.self).id, at: event.time)
        default:
            guard event.type.hasPrefix("alert.") else { return [] }
            return [AlertRows.upsert(try event.decode(), version: event.subjectVersion)]
        }
    }

    /// What the list of activity says of it.
    private func news(of event: Event) throws -> [SQL] {
        switch event.type {
        case "device.registered":
            let device = try event.decode(DeviceData.self)
            return [activity(event, device.organizationID, device.id, name: device.name)]
        case "device.online", "device.offline", "device.status_changed":
            let change = try event.decode(StatusData.self)
            return [
                activity(
                    event, change.organizationID, change.deviceID,
                    detail: event.type == "device.status_changed" ? change.status : "")
            ]
        // Of a command's way only the beginning and the end are news.
        case "command.queued", "command.succeeded", "command.failed":
            let command = try event.decode(CommandData.self)
            return [activity(event, command.organizationID, command.deviceID, detail: command.commandType)]
        default:
            guard event.type.hasPrefix("alert.") else { return [] }
            let alert = try event.decode(AlertData.self)
            return [
                activity(
                    event, alert.organizationID, alert.deviceID, name: alert.deviceName,
                    detail: "\(alert.severity): \(alert.message)")
            ]
        }
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
