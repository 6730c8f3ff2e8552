import FoundationEssentials
import Kernel
import Postgres

/// One order for many devices, which becomes a command for each of them.
struct BulkCommand: Sendable, Hashable {
    let id: UUID
    let organizationID: UUID
    let selector: DeviceSelector
    /// The template that it was made by.
    let templateID: UUID?
    /// The types of device that the template is for; none for any.
    let deviceTypes: [String]
    let order: CommandOrder
    let status: Status
    /// The user who gave it.
    let createdBy: UUID?
    /// The user who took it back.
    let cancelledBy: UUID?
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp

    /// So many devices it may be for.
    static let maximumDevices = 10_000
    /// So many of an organization may be under way.
    static let maximumUnderWay = 20
    /// Bytes: its parameters are written once for each device, and told to other services as often.
    static let maximumParameters = 4096

    /// How far it is: `queueing → queued`, or from either `cancelling → cancelled`.
    enum Status: String, Sendable, Codable, CaseIterable {
        case queueing, queued, cancelling, cancelled

        /// Whether commands are being made of it or taken back.
        var isUnderWay: Bool { self == .queueing || self == .cancelling }

        /// Whether somebody has taken it back.
        var isTakenBack: Bool { self == .cancelling || self == .cancelled }

        /// The status once there is nothing more to do.
        var settled: Status { isTakenBack ? .cancelled : .queued }
    }
}

extension BulkCommand {
    /// What becomes of one of its devices when its turn has come.
    enum Outcome: String, Sendable, CaseIterable {
        case queued
        /// The whole was taken back before.
        case cancelled
        /// The device is no more.
        case deleted
        /// The template is not for its type.
        case unsuitable
        /// As many commands wait for it as may.
        case queueFull = "queue_full"
    }

    /// What there is to know of a device whose turn has come.
    struct Candidate: Sendable, Hashable {
        let deviceType: String
        /// Commands that it has not acknowledged.
        let waiting: Int
    }

    /// - Parameter device: Nil for one that is no more.
    func outcome(for device: Candidate?) -> Outcome {
        guard let device else { return .deleted }
        guard deviceTypes.isEmpty || deviceTypes.contains(device.deviceType) else { return .unsuitable }
        return device.waiting < CommandQueue.capacity ? .queued : .queueFull
    }
}

extension BulkCommand: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, selector, parameters, priority, status, version
        case organizationID = "organization_id"
        case templateID = "template_id"
        case commandType = "command_type"
        case maxRetries = "max_retries"
        case scheduledAt = "scheduled_at"
        case expiresAt = "expires_at"
        case createdBy = "created_by"
        case cancelledBy = "cancelled_by"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }

    /// The bulk command as the API answers it and as the audit trail keeps it; a value that there is not is null.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(organizationID.text, forKey: .organizationID)
        try container.encode(selector, forKey: .selector)
        try container.encode(templateID?.text, forKey: .templateID)
        try container.encode(order.type, forKey: .commandType)
        try container.encode(order.parameters, forKey: .parameters)
        try container.encode(order.priority, forKey: .priority)
        try container.encode(order.maxRetries, forKey: .maxRetries)
        try container.encode(order.scheduledAt, forKey: .scheduledAt)
        try container.encode(order.expiresAt, forKey: .expiresAt)
        try container.encode(status, forKey: .status)
        try container.encode(createdBy?.text, forKey: .createdBy)
        try container.encode(cancelledBy?.text, forKey: .cancelledBy)
        try container.encode(version, forKey: .version)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(lastUpdated, forKey: .lastUpdated)
    }
}

/// Why a bulk command cannot be given or taken back.
enum BulkCommandError: Error, Hashable {
    /// The selector takes no device.
    case noDevices
    /// The selector takes more devices than ``BulkCommand/maximumDevices``.
    case tooManyDevices
    /// The organization has as many under way as it may have.
    case tooManyUnderWay
    /// Nothing is left of it to take back.
    case done
}
