import FoundationEssentials
import Postgres

/// The data of `device.registered` and `device.updated`, as far as the dashboard shows it.
struct DeviceData: Decodable, Sendable {
    let id: UUID
    let organizationID: UUID
    let name: String
    let deviceType: String
    let status: String
    let lastSeen: Timestamp?
    let projectID: UUID?

    enum CodingKeys: String, CodingKey {
        case id, name, status
        case organizationID = "organization_id"
        case deviceType = "device_type"
        case projectID = "project_id"
        case lastSeen = "last_seen"
    }
}

/// The data of `device.deleted`.
struct DeletedDevice: Decodable, Sendable {
    let id: UUID
    let organizationID: UUID

    enum CodingKeys: String, CodingKey {
        case id
        case organizationID = "organization_id"
    }
}

/// The data of `device.online`, `device.offline` and `device.status_changed`.
struct StatusData: Decodable, Sendable {
    let deviceID: UUID
    let organizationID: UUID
    let status: String
    let lastSeen: Timestamp?

    enum CodingKeys: String, CodingKey {
        case status
        case deviceID = "device_id"
        case organizationID = "organization_id"
        case lastSeen = "last_seen"
    }
}

/// The data of `command.*`.
struct CommandData: Decodable, Sendable {
    let deviceID: UUID
    let organizationID: UUID
    let commandType: String

    enum CodingKeys: String, CodingKey {
        case deviceID = "device_id"
        case organizationID = "organization_id"
        case commandType = "command_type"
    }
}

/// The data of `member.added`, as far as the dashboard shows it.
struct MemberData: Decodable, Sendable {
    let organizationID: UUID
    let userID: UUID
    let name: String

    enum CodingKeys: String, CodingKey {
        case name
        case organizationID = "organization_id"
        case userID = "user_id"
    }
}

/// The data of `member.removed`.
struct RemovedMember: Decodable, Sendable {
    let organizationID: UUID
    let userID: UUID

    enum CodingKeys: String, CodingKey {
        case organizationID = "organization_id"
        case userID = "user_id"
    }
}

/// The data of `user.updated`.
struct UserData: Decodable, Sendable {
    let id: UUID
    let name: String

    enum CodingKeys: String, CodingKey {
        case id = "user_id"
        case name
    }
}

/// The data of `user.deleted`.
struct DeletedUser: Decodable, Sendable {
    let id: UUID

    enum CodingKeys: String, CodingKey {
        case id = "user_id"
    }
}

/// The data of `alert.*`.
struct AlertData: Decodable, Sendable {
    let id: UUID
    let organizationID: UUID
    let deviceID: UUID?
    let deviceName: String?
    let severity: String
    let status: String
    let message: String
    let triggeredAt: Timestamp

    enum CodingKeys: String, CodingKey {
        case id, severity, status, message
        case organizationID = "organization_id"
        case deviceID = "device_id"
        case deviceName = "device_name"
        case triggeredAt = "triggered_at"
    }
}

/// The data of `usage.recorded`: how many readings of each organization batches stored.
struct UsageData: Decodable, Sendable {
    struct Batch: Decodable, Sendable {
        let organizations: [Count]
    }

    struct Count: Decodable, Sendable {
        let organizationID: UUID
        let readings: Int

        enum CodingKeys: String, CodingKey {
            case readings
            case organizationID = "organization_id"
        }
    }

    let batches: [Batch]
}
