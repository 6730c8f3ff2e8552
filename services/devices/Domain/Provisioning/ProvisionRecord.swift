import FoundationEssentials
import Kernel
import Postgres

/// How a device came to be, and how far it is.
struct ProvisionRecord: Sendable {
    /// Who or what made the device.
    struct Origin: Sendable, Hashable {
        /// As the audit trail has it: `user`, `provisioning_key` or `system`.
        let type: String
        let id: UUID?
        /// That of a fleet key.
        var name: String?
    }

    /// When its board came with a fleet key.
    struct Provision: Sendable, Hashable {
        let keyID: UUID
        let keyName: String
        let address: String?
        /// How often it came.
        let times: Int
        let firstAt: Timestamp
        let lastAt: Timestamp
    }

    struct Claim: Sendable, Hashable {
        let user: UUID
        let at: Timestamp
    }

    let device: Device
    /// Nil where the audit trail tells no more.
    let origin: Origin?
    /// Nil for a device whose board never came with a fleet key.
    let provision: Provision?
    /// Nil for a device in the pool.
    let claim: Claim?
    let configVersion: Int
    let appliedConfigVersion: Int?
    let configAppliedAt: Timestamp?

    /// Whether the device works with its newest configuration.
    var isConfigured: Bool { appliedConfigVersion == configVersion }
}

extension ProvisionRecord: Encodable {
    private enum CodingKeys: String, CodingKey {
        case status, seen
        case deviceID = "device_id"
        case provisionedAt = "provisioned_at"
        case provisionedBy = "provisioned_by"
        case provisioning
        case claimedBy = "claimed_by"
        case claimedAt = "claimed_at"
        case lastSeen = "last_seen"
        case configVersion = "config_version"
        case appliedConfigVersion = "applied_config_version"
        case configApplied = "config_applied"
        case configAppliedAt = "config_applied_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(device.id.text, forKey: .deviceID)
        try container.encode(device.status, forKey: .status)
        try container.encode(device.createdAt, forKey: .provisionedAt)
        try container.encode(origin, forKey: .provisionedBy)
        try container.encode(provision, forKey: .provisioning)
        try container.encode(claim?.user.text, forKey: .claimedBy)
        try container.encode(claim?.at, forKey: .claimedAt)
        try container.encode(device.lastSeen != nil, forKey: .seen)
        try container.encode(device.lastSeen, forKey: .lastSeen)
        try container.encode(configVersion, forKey: .configVersion)
        try container.encode(appliedConfigVersion, forKey: .appliedConfigVersion)
        try container.encode(isConfigured, forKey: .configApplied)
        try container.encode(configAppliedAt, forKey: .configAppliedAt)
    }
}

extension ProvisionRecord.Origin: Encodable {
    private enum CodingKeys: String, CodingKey {
        case type, id, name
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type, forKey: .type)
        try container.encode(id?.text, forKey: .id)
        try container.encode(name, forKey: .name)
    }
}

extension ProvisionRecord.Provision: Encodable {
    private enum CodingKeys: String, CodingKey {
        case address, times
        case keyID = "provisioning_key_id"
        case keyName = "provisioning_key_name"
        case firstAt = "first_at"
        case lastAt = "last_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(keyID.text, forKey: .keyID)
        try container.encode(keyName, forKey: .keyName)
        try container.encode(address, forKey: .address)
        try container.encode(times, forKey: .times)
        try container.encode(firstAt, forKey: .firstAt)
        try container.encode(lastAt, forKey: .lastAt)
    }
}
