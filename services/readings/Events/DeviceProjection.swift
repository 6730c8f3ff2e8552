import EventBus
import FoundationEssentials
import Identity
import Postgres

/// Keeps the projection of devices and keys up with the events of the devices service, and lets go of organizations that
/// are no more.
struct DeviceProjection: Sendable {
    let devices: DeviceStore
    let removal: OrganizationRemoval

    /// Applies one event; those that say nothing of devices, keys or an organization's end are passed over.
    @Sendable func apply(_ event: Event, _ transaction: Transaction) async throws {
        switch event.type {
        case "device.registered", "device.updated":
            let device = try event.decode(Device.self)
            try await transaction.query(
                devices.upsert(
                    device.id, organization: device.organizationID, project: device.projectID,
                    readingInterval: device.readingInterval, version: event.subjectVersion, isDeleted: false))
        case "device.deleted":
            let device = try event.decode(Device.self)
            try await transaction.batch([
                devices.upsert(
                    device.id, organization: device.organizationID, project: nil, readingInterval: nil,
                    version: event.subjectVersion, isDeleted: true),
                devices.revokeKeys(of: device.id),
            ])
        case "device.key.issued":
            let key = try event.decode(Key.self)
            try await transaction.query(
                devices.upsertKey(
                    key.hash.bytes, device: key.deviceID, organization: key.organizationID, expiresAt: key.expiresAt,
                    version: event.subjectVersion))
        case "device.key.revoked":
            let key = try event.decode(Key.self)
            try await transaction.query(
                devices.revokeKey(
                    key.hash.bytes, device: key.deviceID, organization: key.organizationID,
                    version: event.subjectVersion))
        case "organization.deleted":
            guard let organization = event.organizationID else { return }
            try await transaction.query(removal.begin(organization))
        default:
            break
        }
    }

    private struct Device: Decodable {
        let id: UUID
        let organizationID: UUID
        let projectID: UUID?
        /// In seconds; not in the event of a deletion.
        let readingInterval: Int?

        enum CodingKeys: String, CodingKey {
            case id
            case organizationID = "organization_id"
            case projectID = "project_id"
            case readingInterval = "reading_interval"
        }
    }

    private struct Key: Decodable {
        let deviceID: UUID
        let organizationID: UUID
        let hash: SecretHash
        let expiresAt: Timestamp?

        enum CodingKeys: String, CodingKey {
            case deviceID = "device_id"
            case organizationID = "organization_id"
            case hash = "key_hash"
            case expiresAt = "expires_at"
        }
    }
}
