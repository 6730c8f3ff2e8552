import FoundationEssentials

/// What this service needs of the data of `device.registered` and `device.updated`.
struct DeviceEventData: Decodable, Sendable {
    let id: UUID
    let organizationID: UUID
    let name: String
    let projectID: UUID?
    let tags: [String]?

    enum CodingKeys: String, CodingKey {
        case id, name, tags
        case organizationID = "organization_id"
        case projectID = "project_id"
    }
}

/// The data of `device.deleted`.
struct DeviceDeletedData: Decodable, Sendable {
    let id: UUID
    let organizationID: UUID

    enum CodingKeys: String, CodingKey {
        case id
        case organizationID = "organization_id"
    }
}

/// What this service needs of the data of `organization.deleted`.
struct OrganizationDeletedData: Decodable, Sendable {
    let organizationID: UUID

    enum CodingKeys: String, CodingKey {
        case organizationID = "organization_id"
    }
}
