import FoundationEssentials
import Kernel
import Postgres

/// The data of `limits.changed`.
struct LimitsChangedData: Encodable {
    let organizationID: String
    let plan: String
    let limits: PlanLimits

    enum CodingKeys: String, CodingKey {
        case plan, limits
        case organizationID = "organization_id"
    }

    init(_ subscription: Subscription) {
        organizationID = subscription.organizationID.text
        plan = subscription.plan.id
        limits = subscription.plan.limits
    }
}

/// What this service needs of the data of organization.created, updated and deleted.
struct OrganizationData: Decodable {
    let organizationID: UUID
    let name: String?

    enum CodingKeys: String, CodingKey {
        case name
        case organizationID = "organization_id"
    }
}

/// What this service needs of the data of device.registered and deleted.
struct DeviceData: Decodable {
    let id: UUID
    let organizationID: UUID
    /// When it was registered; not told with a deletion.
    let createdAt: Timestamp?

    enum CodingKeys: String, CodingKey {
        case id
        case organizationID = "organization_id"
        case createdAt = "created_at"
    }
}

/// What this service needs of a fact that is counted for an organization.
struct CountedData: Decodable {
    let organizationID: UUID

    enum CodingKeys: String, CodingKey {
        case organizationID = "organization_id"
    }
}

/// The data of `usage.recorded`: the readings that batches stored.
struct UsageRecordedData: Decodable {
    struct Batch: Decodable {
        let id: Int64
        let organizations: [Count]
    }

    struct Count: Decodable {
        let organizationID: UUID
        let readings: Int

        enum CodingKeys: String, CodingKey {
            case readings
            case organizationID = "organization_id"
        }
    }

    let batches: [Batch]
}
