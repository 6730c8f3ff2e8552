import FoundationEssentials
import Identity
import Kernel
import Postgres

/// The data of `device.deleted`.
struct DeviceDeleted: Encodable {
    let id: String
    let organizationID: String
    let version: Int

    enum CodingKeys: String, CodingKey {
        case id, version
        case organizationID = "organization_id"
    }

    /// `device` is the device as it was last.
    init(_ device: Device) {
        id = device.id.text
        organizationID = device.organizationID.text
        version = device.version + 1
    }
}

/// The data of `device.key.issued`, which also tells of a key that got another end, and of `device.key.revoked`.
struct DeviceKeyData: Encodable {
    let deviceID: String
    let organizationID: String
    let keyHash: SecretHash
    let expiresAt: Timestamp?

    enum CodingKeys: String, CodingKey {
        case deviceID = "device_id"
        case organizationID = "organization_id"
        case keyHash = "key_hash"
        case expiresAt = "expires_at"
    }

    init(_ key: DeviceKey) {
        deviceID = key.deviceID.text
        organizationID = key.organizationID.text
        keyHash = key.hash
        expiresAt = key.expiresAt
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(deviceID, forKey: .deviceID)
        try container.encode(organizationID, forKey: .organizationID)
        try container.encode(keyHash, forKey: .keyHash)
        try container.encode(expiresAt, forKey: .expiresAt)
    }
}

/// A device's status became another one: the data of `device.online`, `device.offline` and `device.status_changed`, and
/// of the live frame `device_status`.
struct StatusChange: Sendable, Encodable {
    let deviceID: UUID
    let organizationID: UUID
    let previous: DeviceStatus
    let status: DeviceStatus
    let lastSeen: Timestamp?
    /// The device's version since the change.
    let version: Int

    enum CodingKeys: String, CodingKey {
        case status
        case deviceID = "device_id"
        case organizationID = "organization_id"
        case previous = "previous_status"
        case lastSeen = "last_seen"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(deviceID.text, forKey: .deviceID)
        try container.encode(organizationID.text, forKey: .organizationID)
        try container.encode(previous, forKey: .previous)
        try container.encode(status, forKey: .status)
        try container.encode(lastSeen, forKey: .lastSeen)
    }

    /// The type of the event.
    var eventType: String {
        switch status {
        case .online: "device.online"
        case .offline: "device.offline"
        case .provisioned, .maintenance, .error, .disabled: "device.status_changed"
        }
    }
}

/// A device's battery has another level than others were told last: the data of `device.battery_changed`.
struct BatteryChange: Sendable, Hashable, Encodable {
    let deviceID: UUID
    let organizationID: UUID
    /// Percent.
    let level: Double
    /// The device's version, which the level does not change: of two changes the later one holds.
    let version: Int

    enum CodingKeys: String, CodingKey {
        case deviceID = "device_id"
        case organizationID = "organization_id"
        case level = "battery_level"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(deviceID.text, forKey: .deviceID)
        try container.encode(organizationID.text, forKey: .organizationID)
        try container.encode(level, forKey: .level)
    }
}
