import FoundationEssentials
import Kernel
import Postgres

/// What a device is to work with.
struct DeviceConfig: Sendable {
    let deviceID: UUID
    let organizationID: UUID
    let settings: [String: AnyJSON]
    let version: Int
    let lastUpdated: Timestamp
    /// The version that the device says it works with.
    let appliedVersion: Int?
    let appliedAt: Timestamp?
    /// The settings that the device says it works with; nil until it has said so.
    let reported: [String: AnyJSON]?
    let reportedAt: Timestamp?
}

extension DeviceConfig {
    /// The same without what the device has said.
    var desired: DeviceConfig {
        DeviceConfig(
            deviceID: deviceID, organizationID: organizationID, settings: settings, version: version,
            lastUpdated: lastUpdated, appliedVersion: appliedVersion, appliedAt: appliedAt, reported: nil,
            reportedAt: nil)
    }
}

extension DeviceConfig: Encodable {
    private enum CodingKeys: String, CodingKey {
        case config, version, reported, difference
        case deviceID = "device_id"
        case lastUpdated = "last_updated"
        case appliedVersion = "applied_version"
        case appliedAt = "applied_at"
        case reportedAt = "reported_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(deviceID.text, forKey: .deviceID)
        try container.encode(settings, forKey: .config)
        try container.encode(version, forKey: .version)
        try container.encode(lastUpdated, forKey: .lastUpdated)
        try container.encode(appliedVersion, forKey: .appliedVersion)
        try container.encode(appliedAt, forKey: .appliedAt)
        guard let reported else { return }
        try container.encode(reported, forKey: .reported)
        try container.encode(reportedAt, forKey: .reportedAt)
        try container.encode(
            ConfigDifference.between(desired: settings, reported: reported), forKey: .difference)
    }
}
