import FoundationEssentials
import Postgres

/// What this service needs of the data of `device.registered` and `device.updated`.
struct DeviceEventData: Decodable, Sendable {
    let id: UUID
    let organizationID: UUID
    let name: String
    let projectID: UUID?
    let tags: [String]?
    let status: String?
    let lastSeen: Timestamp?
    /// In percent.
    let batteryLevel: Double?

    enum CodingKeys: String, CodingKey {
        case id, name, tags, status
        case organizationID = "organization_id"
        case projectID = "project_id"
        case lastSeen = "last_seen"
        case batteryLevel = "battery_level"
    }
}

/// What this service needs of the data of `device.online`, `device.offline` and `device.status_changed`.
struct StatusEventData: Decodable, Sendable {
    let deviceID: UUID
    let status: String

    enum CodingKeys: String, CodingKey {
        case status
        case deviceID = "device_id"
    }
}

/// What this service needs of the data of `device.battery_changed`.
struct BatteryEventData: Decodable, Sendable {
    let deviceID: UUID
    /// In percent.
    let batteryLevel: Double

    enum CodingKeys: String, CodingKey {
        case deviceID = "device_id"
        case batteryLevel = "battery_level"
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
