import FoundationEssentials
import Hummingbird
import Kernel
import Postgres

/// Which readings of a device somebody wants to be gone; what is not given does not narrow.
struct ReadingSelection: Sendable {
    let device: UUID
    var sensorTypes: [String] = []
    /// Inclusive.
    var start: Timestamp?
    /// Exclusive.
    var end: Timestamp?
}

/// Readings of one series that were deleted together: what the audit trail keeps of them, and other services are told.
struct DeletedReadings: Encodable, Sendable {
    let organizationID: UUID
    let deviceID: UUID
    let sensorType: String
    let first: Timestamp
    let last: Timestamp
    let count: Int

    enum CodingKeys: String, CodingKey {
        case organizationID = "organization_id"
        case deviceID = "device_id"
        case sensorType = "sensor_type"
        case first, last, count
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(organizationID.text, forKey: .organizationID)
        try container.encode(deviceID.text, forKey: .deviceID)
        try container.encode(sensorType, forKey: .sensorType)
        try container.encode(first, forKey: .first)
        try container.encode(last, forKey: .last)
        try container.encode(count, forKey: .count)
    }
}

/// How far a request for deletion came: it does a bounded amount of work, and the same request again goes on.
struct DeletionOutcome: ResponseEncodable, Sendable, Equatable {
    let deleted: Int
    /// Whether none of what was selected is left.
    let isComplete: Bool

    enum CodingKeys: String, CodingKey {
        case deleted
        case isComplete = "is_complete"
    }
}
