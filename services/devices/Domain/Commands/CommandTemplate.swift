import FoundationEssentials
import Kernel
import Postgres

/// A command that an organization has prepared, to be given by its id.
struct CommandTemplate: Sendable {
    let id: UUID
    let organizationID: UUID
    let content: Content
    let createdBy: UUID?
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp

    /// What people say of it.
    struct Content: Sendable, Hashable {
        /// Unique in the organization.
        var name: String
        var description = ""
        var commandType: String
        /// The types of device that it is for; none for any.
        var deviceTypes: [String] = []
        /// What the parameters may be, as ``ValueDescription`` reads it.
        var parameters = AnyJSON.object([:])
        /// Parameters that are filled in where an order does not name them.
        var defaults: [String: AnyJSON] = [:]
        /// Where an order does not name one; nil for the usual one.
        var priority: CommandPriority?
        /// Seconds; as `priority`.
        var timeToLive: Int?
        /// As `priority`.
        var maxRetries: Int?
    }
}

extension CommandTemplate.Content {
    /// The parameters of an order: those that it names, each as a whole, and the defaults of the others.
    func filled(with parameters: [String: AnyJSON]) -> [String: AnyJSON] {
        defaults.merging(parameters) { $1 }
    }

    /// Whether it is for devices of that type.
    func suits(_ deviceType: String) -> Bool {
        deviceTypes.isEmpty || deviceTypes.contains(deviceType)
    }
}

extension CommandTemplate: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, name, description, parameters, defaults, priority, version
        case organizationID = "organization_id"
        case commandType = "command_type"
        case deviceTypes = "device_types"
        case timeToLive = "ttl_s"
        case maxRetries = "max_retries"
        case createdBy = "created_by"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }

    /// The template as the API answers it and as the audit trail keeps it; a value that there is not is null.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(organizationID.text, forKey: .organizationID)
        try container.encode(content.name, forKey: .name)
        try container.encode(content.description, forKey: .description)
        try container.encode(content.commandType, forKey: .commandType)
        try container.encode(content.deviceTypes, forKey: .deviceTypes)
        try container.encode(content.parameters, forKey: .parameters)
        try container.encode(content.defaults, forKey: .defaults)
        try container.encode(content.priority, forKey: .priority)
        try container.encode(content.timeToLive, forKey: .timeToLive)
        try container.encode(content.maxRetries, forKey: .maxRetries)
        try container.encode(createdBy?.text, forKey: .createdBy)
        try container.encode(version, forKey: .version)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(lastUpdated, forKey: .lastUpdated)
    }
}
