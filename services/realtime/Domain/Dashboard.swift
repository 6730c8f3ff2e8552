import FoundationEssentials
import Kernel
import Postgres

/// What an organization's dashboard shows.
struct Dashboard: Sendable {
    struct Device: Sendable {
        let id: UUID
        let name: String
        let deviceType: String
        let status: String
        let lastSeen: Timestamp?
    }

    struct Alert: Sendable {
        let id: UUID
        let deviceID: UUID?
        let deviceName: String?
        let severity: String
        let status: String
        let message: String
        let triggeredAt: Timestamp
    }

    struct Activity: Sendable {
        let id: UUID
        let type: String
        let deviceID: UUID?
        let deviceName: String?
        /// Who did it; nil for a device, and for what came by itself.
        let userID: UUID?
        let userName: String?
        let detail: String
        let time: Timestamp
    }

    struct Stats: Sendable {
        var devices: Int
        var devicesOnline: Int
        var openAlerts: Int
        var criticalAlerts: Int
        var readingsPerMinute: Int
    }

    let stats: Stats
    let devices: [Device]
    let alerts: [Alert]
    let activity: [Activity]
}

extension Dashboard: Encodable {
    enum CodingKeys: String, CodingKey {
        case stats, devices, alerts, activity
    }
}

extension Dashboard.Stats: Encodable {
    enum CodingKeys: String, CodingKey {
        case devices
        case devicesOnline = "devices_online"
        case openAlerts = "open_alerts"
        case criticalAlerts = "critical_alerts"
        case readingsPerMinute = "readings_per_minute"
    }
}

extension Dashboard.Device: Encodable {
    enum CodingKeys: String, CodingKey {
        case id, name, status
        case deviceType = "device_type"
        case lastSeen = "last_seen"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(name, forKey: .name)
        try container.encode(deviceType, forKey: .deviceType)
        try container.encode(status, forKey: .status)
        try container.encode(lastSeen, forKey: .lastSeen)
    }
}

extension Dashboard.Alert: Encodable {
    enum CodingKeys: String, CodingKey {
        case id, severity, status, message
        case deviceID = "device_id"
        case deviceName = "device_name"
        case triggeredAt = "triggered_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(deviceID?.text, forKey: .deviceID)
        try container.encode(deviceName, forKey: .deviceName)
        try container.encode(severity, forKey: .severity)
        try container.encode(status, forKey: .status)
        try container.encode(message, forKey: .message)
        try container.encode(triggeredAt, forKey: .triggeredAt)
    }
}

extension Dashboard.Activity: Encodable {
    enum CodingKeys: String, CodingKey {
        case id, type, detail, time
        case deviceID = "device_id"
        case deviceName = "device_name"
        case userID = "user_id"
        case userName = "user_name"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(type, forKey: .type)
        try container.encode(deviceID?.text, forKey: .deviceID)
        try container.encode(deviceName, forKey: .deviceName)
        try container.encode(userID?.text, forKey: .userID)
        try container.encode(userName, forKey: .userName)
        try container.encode(detail, forKey: .detail)
        try container.encode(time, forKey: .time)
    }
}
