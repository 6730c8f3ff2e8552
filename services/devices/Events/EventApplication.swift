import EventBus
import FoundationEssentials
import Postgres

/// Applies what other services tell: billing's limits, and the end of an organization.
struct EventApplication: Sendable {
    let devices: DeviceStore
    let limits: LimitStore

    func apply(_ event: Event, _ transaction: Transaction) async throws {
        switch event.type {
        case "limits.changed":
            let change = try event.decode(LimitsChanged.self)
            try await limits.keep(
                change.limits.devices, plan: change.plan, of: change.organizationID, version: event.subjectVersion,
                transaction)
        case "organization.deleted":
            let organization = try event.decode(OrganizationDeleted.self).organizationID
            let cause = Cause(actor: .system, traceparent: event.traceparent)
            _ = try await devices.deleteAll(of: organization, cause, transaction)
            try await limits.forget(organization, transaction)
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
