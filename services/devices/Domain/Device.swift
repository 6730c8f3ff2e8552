import FoundationEssentials
import Kernel
import Postgres

/// A device of an organization: what people say of it, and its state.
struct Device: Sendable, Hashable {
    let id: UUID
    let organizationID: UUID
    let profile: DeviceProfile
    let status: DeviceStatus
    let lastSeen: Timestamp?
    /// Percent, as the device said last.
    let batteryLevel: Double?
    /// dBm, as the device said last.
    let wifiSignalStrength: Int?
    /// Seconds since its start, as the device said last.
    let uptime: Int?
    /// Counts the changes of the profile and of the status.
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp
}

/// What people say of a device.
struct DeviceProfile: Sendable, Hashable {
    var name: String
    var description = ""
    /// Such as `esp32`; the entity's type is `device.` and this.
    var deviceType: String
    var model: String?
    /// Unique in the organization.
    var serialNumber: String?
    /// `aa:bb:cc:dd:ee:ff`
    var macAddress: String?
    var firmwareVersion: String?
    var location: String?
    var projectID: UUID?
    var tags: [String] = []
    /// The types of what it measures.
    var sensors: [String] = []
    /// Seconds between two readings.
    var readingInterval = Self.defaultReadingInterval
    var properties: [String: AnyJSON] = [:]

    static let defaultReadingInterval = 60
    static let readingIntervals = 1...604_800
}

extension Device: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, name, description, model, location, tags, sensors, status, properties, version
        case organizationID = "organization_id"
        case deviceType = "device_type"
        case serialNumber = "serial_number"
        case macAddress = "mac_address"
        case firmwareVersion = "firmware_version"
        case projectID = "project_id"
        case readingInterval = "reading_interval"
        case lastSeen = "last_seen"
        case batteryLevel = "battery_level"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }

    /// The device as the API answers it and as events carry it; a value that is not known is null.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(organizationID.text, forKey: .organizationID)
        try container.encode(profile.name, forKey: .name)
        try container.encode(profile.description, forKey: .description)
        try container.encode(profile.deviceType, forKey: .deviceType)
        try container.encode(profile.model, forKey: .model)
        try container.encode(profile.serialNumber, forKey: .serialNumber)
        try container.encode(profile.macAddress, forKey: .macAddress)
        try container.encode(profile.firmwareVersion, forKey: .firmwareVersion)
        try container.encode(profile.location, forKey: .location)
        try container.encode(profile.projectID?.text, forKey: .projectID)
        try container.encode(profile.tags, forKey: .tags)
        try container.encode(profile.sensors, forKey: .sensors)
        try container.encode(profile.readingInterval, forKey: .readingInterval)
        try container.encode(profile.properties, forKey: .properties)
        try container.encode(status, forKey: .status)
        try container.encode(lastSeen, forKey: .lastSeen)
        try container.encode(batteryLevel, forKey: .batteryLevel)
        try container.encode(version, forKey: .version)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(lastUpdated, forKey: .lastUpdated)
    }
}

/// Why a device, or what belongs to devices, cannot be had or changed as asked.
enum DeviceError: Error, Hashable {
    /// There is none with that id in the organization.
    case notFound
    /// The serial number belongs to another device of the organization.
    case serialNumberTaken
    /// The name belongs to another command template of the organization.
    case templateNameTaken
    /// The plan allows no more devices.
    case limitReached(plan: String, limit: Int)
    /// The caller's version is not the current one.
    case stale(current: Int)
    /// The project that is named at `field` is none of the organization's.
    case unknownProject(field: String)
}
