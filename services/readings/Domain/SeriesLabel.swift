import FoundationEssentials
import Kernel

/// A series as answers name it.
struct SeriesLabel: Encodable, Sendable, Hashable {
    let deviceID: UUID
    let sensorType: String
    let unit: String
    /// What its values are; not part of an answer, where they tell themselves.
    let kind: ValueKind

    enum CodingKeys: String, CodingKey {
        case deviceID = "device_id"
        case sensorType = "sensor_type"
        case unit
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(deviceID.text, forKey: .deviceID)
        try container.encode(sensorType, forKey: .sensorType)
        try container.encode(unit, forKey: .unit)
    }
}
