import EventBus
import Foundation
import Identity
import Postgres
import Redis

/// Applies what is told on the streams: billing's limits, the end of an organization or a project; and announces revoked
/// keys, which so happens even when the instance that revoked them did not live to do it.
struct EventApplication: Sendable {
    let devices: DeviceStore
    let provisioningKeys: ProvisioningKeyStore
    let removal: OrganizationRemoval
    let limits: LimitStore
    let redis: RedisClient

    /// What it does something for; of its own events, of which there are many, that is one.
    static let types: Set<String> = [
        "limits.changed", "organization.deleted", "project.deleted", "device.key.revoked",
    ]

    func apply(_ event: Event, _ transaction: Transaction) async throws {
        switch event.type {
        case "limits.changed":
            let change = try event.decode(LimitsChanged.self)
            try await limits.keep(
                change.limits.devices, plan: change.plan, of: change.organizationID, version: event.subjectVersion,
                transaction)
        case "organization.deleted":
            try await transaction.query(removal.begin(event.decode(OrganizationDeleted.self).organizationID))
        case "project.deleted":
            let project = try event.decode(ProjectDeleted.self)
            try await provisioningKeys.forget(project.id, of: project.organizationID, transaction)
            try await devices.leave(
                project.id, of: project.organizationID, Cause(actor: .system, traceparent: event.traceparent),
                transaction)
        case "device.key.revoked":
            guard let hash = SecretHash(hex: event.subject) else { return }
            let revocation = Revocation(.deviceKey(hash), at: Date(), lifetime: KeyRevocationStore.longestKnown)
            try await redis.publish(Array(JSONEncoder().encode(revocation)), to: Revocation.channel)
        default:
            break
        }
    }
}

/// The data of billing's `limits.changed`; null is unlimited.
private struct LimitsChanged: Decodable {
    struct Limits: Decodable {
        let devices: Int?
    }

    let organizationID: UUID
    let plan: String
    let limits: Limits

    enum CodingKeys: String, CodingKey {
        case plan, limits
        case organizationID = "organization_id"
    }
}

/// The data of auth's `organization.deleted`.
private struct OrganizationDeleted: Decodable {
    let organizationID: UUID

    enum CodingKeys: String, CodingKey {
        case organizationID = "organization_id"
    }
}

/// The data of auth's `project.deleted`.
private struct ProjectDeleted: Decodable {
    let id: UUID
    let organizationID: UUID

    enum CodingKeys: String, CodingKey {
        case id
        case organizationID = "organization_id"
    }
}
