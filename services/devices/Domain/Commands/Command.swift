import FoundationEssentials
import Kernel
import Postgres

/// Something that a device is to do.
struct Command: Sendable, Hashable {
    let id: UUID
    let deviceID: UUID
    let organizationID: UUID
    let order: CommandOrder
    let status: CommandStatus
    /// What the device answered.
    let result: AnyJSON?
    /// Why it failed: the device's words, or ours where it was never acknowledged.
    let error: String?
    /// How often it was handed out.
    let deliveries: Int
    /// The user who gave it.
    let createdBy: UUID?
    /// The bulk command that it was made of.
    let bulkID: UUID?
    let version: Int
    let createdAt: Timestamp
    let sentAt: Timestamp?
    let acknowledgedAt: Timestamp?
    let completedAt: Timestamp?
    let lastUpdated: Timestamp

    /// How long, in seconds, what was handed out to a poll is kept from the other polls.
    static let leaseSeconds = 30.0

    /// The reading interval, in seconds, that the device now keeps, when that is what the command was about.
    var confirmedReadingInterval: Int? {
        guard status == .succeeded, order.type == CommandOrder.setReadingInterval,
            case .integer(let seconds)? = order.parameters[CommandOrder.readingInterval],
            DeviceProfile.readingIntervals.contains(seconds)
        else { return nil }
        return seconds
    }
}

/// What is to be done, and how urgently.
struct CommandOrder: Sendable, Hashable {
    /// Such as `reboot`.
    var type: String
    var parameters: [String: AnyJSON] = [:]
    var priority = CommandPriority.normal
    /// Not to be handed out before; nil for at once.
    var scheduledAt: Timestamp?
    /// When it is handed out no more.
    var expiresAt: Timestamp
    /// How often it is handed out again when it is not acknowledged.
    var maxRetries = Self.defaultMaxRetries

    static let defaultTimeToLive = Duration.seconds(86_400)
    static let defaultMaxRetries = 3

    /// The type of the command that sets the interval between readings, and its parameter.
    static let setReadingInterval = "set_reading_interval"
    static let readingInterval = "reading_interval"
    /// The type of the command that has a device take another firmware.
    static let updateFirmware = "update_firmware"
}

extension Command: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, parameters, priority, status, result, error, deliveries, version
        case deviceID = "device_id"
        case organizationID = "organization_id"
        case commandType = "command_type"
        case maxRetries = "max_retries"
        case scheduledAt = "scheduled_at"
        case expiresAt = "expires_at"
        case createdBy = "created_by"
        case bulkID = "bulk_id"
        case createdAt = "created_at"
        case sentAt = "sent_at"
        case acknowledgedAt = "acknowledged_at"
        case completedAt = "completed_at"
        case lastUpdated = "last_updated"
    }

    /// The command as the API answers it and as events carry it; a value that there is not is null.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(deviceID.text, forKey: .deviceID)
        try container.encode(organizationID.text, forKey: .organizationID)
        try container.encode(order.type, forKey: .commandType)
        try container.encode(order.parameters, forKey: .parameters)
        try container.encode(order.priority, forKey: .priority)
        try container.encode(status, forKey: .status)
        try container.encode(result, forKey: .result)
        try container.encode(error, forKey: .error)
        try container.encode(deliveries, forKey: .deliveries)
        try container.encode(order.maxRetries, forKey: .maxRetries)
        try container.encode(order.scheduledAt, forKey: .scheduledAt)
        try container.encode(order.expiresAt, forKey: .expiresAt)
        try container.encode(createdBy?.text, forKey: .createdBy)
        try container.encode(bulkID?.text, forKey: .bulkID)
        try container.encode(version, forKey: .version)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(sentAt, forKey: .sentAt)
        try container.encode(acknowledgedAt, forKey: .acknowledgedAt)
        try container.encode(completedAt, forKey: .completedAt)
        try container.encode(lastUpdated, forKey: .lastUpdated)
    }
}

/// What a device says of a command.
struct CommandReport: Sendable, Hashable {
    let event: CommandStatus.Event
    var result: AnyJSON?
    var error: String?
}

/// Why a command cannot be had or changed as asked.
enum CommandError: Error, Hashable {
    /// There is none with that id that the caller may see.
    case notFound
    /// It is in a status that does not allow it.
    case refused(CommandStatus)
    /// As many commands wait for the device as may.
    case queueFull
}
