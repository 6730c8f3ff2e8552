import FoundationEssentials
import Kernel
import Postgres

/// A reading as the API answers it.
struct ReadingView: Encodable, Sendable {
    let deviceID: UUID
    let sensorType: String
    let value: Value
    let unit: String
    let timestamp: Timestamp
    let quality: Quality
    let attributes: Attributes

    enum Value: Encodable, Sendable, Equatable {
        case number(Double)
        case boolean(Bool)
        case text(String)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .number(let value): try container.encode(value.finite)
            case .boolean(let value): try container.encode(value)
            case .text(let value): try container.encode(value)
            }
        }
    }

    /// What only some readings have.
    struct Attributes: Codable, Sendable {
        var batteryLevel: Double?
        var location: JSONDocument?
        var metadata: JSONDocument?

        enum CodingKeys: String, CodingKey {
            case batteryLevel = "battery_level"
            case location
            case metadata
        }
    }

    enum CodingKeys: String, CodingKey {
        case deviceID = "device_id"
        case sensorType = "sensor_type"
        case value, unit, timestamp, quality
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(deviceID.text, forKey: .deviceID)
        try container.encode(sensorType, forKey: .sensorType)
        try container.encode(value, forKey: .value)
        try container.encode(unit, forKey: .unit)
        try container.encode(timestamp, forKey: .timestamp)
        try container.encode(quality.name, forKey: .quality)
        try attributes.encode(to: encoder)
    }
}

extension ReadingView {
    /// Reads the columns that `ReadingQueries` selects, from `column` on.
    ///
    /// - Throws: `DecodingFailure`, `DecodingError`.
    init(_ row: Row, from column: Int) throws {
        deviceID = try row.decode(at: column)
        sensorType = try row.decode(at: column + 1)
        unit = try row.decode(at: column + 2)
        let kind = ValueKind(rawValue: try row.decode(at: column + 3)) ?? .number
        timestamp = try row.decode(at: column + 4)
        let number = try row.decode(Double?.self, at: column + 5)
        let text = try row.decode(String?.self, at: column + 6)
        quality = Quality(rawValue: try row.decode(at: column + 7)) ?? .good
        attributes = try row.decode(JSONB?.self, at: column + 8)?.decode() ?? Attributes()
        value = Value(kind, number: number, text: text)
    }
}

extension ReadingView.Value {
    /// What the columns `value` and `text_value` hold of a series of that kind.
    init(_ kind: ValueKind, number: Double?, text: String?) {
        self =
            switch kind {
            case .number: .number(number ?? .nan)
            case .boolean: .boolean(number != 0)
            case .text: .text(text ?? "")
            }
    }
}
