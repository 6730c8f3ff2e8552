import FoundationEssentials
import Kernel
import Outbound
import Postgres

/// A key with which the boards of a fleet provision themselves.
struct ProvisioningKey: Sendable, Hashable {
    let id: UUID
    let organizationID: UUID
    let terms: ProvisioningTerms
    /// How many new devices it has made.
    let uses: Int
    /// The user who made it.
    let createdBy: UUID?
    let createdAt: Timestamp
    /// To the minute; nil for one that was never used.
    let lastUsedAt: Timestamp?

    /// An organization may have that many.
    static let maximumPerOrganization = 100

    /// Whether a board at `address` may show the key now.
    ///
    /// That it is used up is for ``canRegister``: a board that came with it before gets its device back, or an answer
    /// that was lost would be lost for good.
    func admits(_ address: IPAddress?, at now: Timestamp) -> Bool {
        if let end = terms.expiresAt, end <= now { return false }
        guard let ranges = terms.allowedRanges else { return true }
        guard let address = address?.unmapped else { return false }
        return ranges.contains { $0.contains(address) }
    }

    /// Whether it may make one more device.
    var canRegister: Bool { terms.maximumUses.map { uses < $0 } ?? true }
}

/// What a fleet key is called and may do.
struct ProvisioningTerms: Sendable, Hashable {
    let name: String
    /// How many new devices it may make; nil for any number.
    var maximumUses: Int?
    /// Nil for a key without an end.
    var expiresAt: Timestamp?
    /// Where it may be used from; nil for anywhere.
    var allowedRanges: [AddressRange]?
    var defaults = ProvisioningDefaults()

    static let maximumUses = 1...1_000_000_000
}

/// What the devices of a fleet key are given where the board does not say otherwise.
struct ProvisioningDefaults: Sendable, Hashable, Codable {
    var description: String?
    var deviceType: String?
    var model: String?
    var location: String?
    var projectID: UUID?
    var tags: [String]?
    var sensors: [String]?
    /// Seconds.
    var readingInterval: Int?
    var properties: [String: AnyJSON]?
    /// The first configuration.
    var config: [String: AnyJSON]?

    private enum CodingKeys: String, CodingKey {
        case description, model, location, tags, sensors, properties, config
        case deviceType = "device_type"
        case projectID = "project_id"
        case readingInterval = "reading_interval"
    }

    /// As the API answers them and as they are stored: what there is none of is left out.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(description, forKey: .description)
        try container.encodeIfPresent(deviceType, forKey: .deviceType)
        try container.encodeIfPresent(model, forKey: .model)
        try container.encodeIfPresent(location, forKey: .location)
        try container.encodeIfPresent(projectID?.text, forKey: .projectID)
        try container.encodeIfPresent(tags, forKey: .tags)
        try container.encodeIfPresent(sensors, forKey: .sensors)
        try container.encodeIfPresent(readingInterval, forKey: .readingInterval)
        try container.encodeIfPresent(properties, forKey: .properties)
        try container.encodeIfPresent(config, forKey: .config)
    }

    /// The type of a device whose board and key name none.
    static let deviceType = "generic"
}

extension ProvisioningKey: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, name, uses, defaults
        case organizationID = "organization_id"
        case maximumUses = "max_uses"
        case expiresAt = "expires_at"
        case allowedRanges = "allowed_cidrs"
        case createdBy = "created_by"
        case createdAt = "created_at"
        case lastUsedAt = "last_used_at"
    }

    /// The key as the API answers it, without its secret; a value that there is not is null.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(organizationID.text, forKey: .organizationID)
        try container.encode(terms.name, forKey: .name)
        try container.encode(terms.maximumUses, forKey: .maximumUses)
        try container.encode(uses, forKey: .uses)
        try container.encode(terms.expiresAt, forKey: .expiresAt)
        try container.encode(terms.allowedRanges?.map(\.description), forKey: .allowedRanges)
        try container.encode(terms.defaults, forKey: .defaults)
        try container.encode(createdBy?.text, forKey: .createdBy)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(lastUsedAt, forKey: .lastUsedAt)
    }
}
