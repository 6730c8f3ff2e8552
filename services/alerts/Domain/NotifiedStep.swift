import FoundationEssentials

/// A step of an alert as its notifications keep it: what ``WebhookBody`` wrote, read back to be put into words.
///
/// It may have been written by another version, so that everything but the essentials may be missing.
struct NotifiedStep: Sendable, Decodable {
    /// Such as `alert.triggered`.
    let type: String
    let data: Facts

    struct Facts: Sendable, Decodable {
        let id: String
        let ruleName: String?
        let deviceID: String?
        let deviceName: String?
        let sensorType: String?
        let severity: String?
        let status: String?
        let message: String?
        let value: Double?
        let lastValue: Double?
        let thresholdValue: Double?
        let count: Int?
        let triggeredAt: String?
        let resolvedAt: String?
        let notes: String?

        enum CodingKeys: String, CodingKey {
            case id, severity, status, message, value, count, notes
            case ruleName = "rule_name"
            case deviceID = "device_id"
            case deviceName = "device_name"
            case sensorType = "sensor_type"
            case lastValue = "last_value"
            case thresholdValue = "threshold_value"
            case triggeredAt = "triggered_at"
            case resolvedAt = "resolved_at"
        }
    }

    /// - Throws: `DecodingError`.
    init(json: [UInt8]) throws {
        self = try JSONDecoder().decode(NotifiedStep.self, from: Data(json))
    }
}

extension NotifiedStep {
    /// `[high] Too hot: Incubator 3`.
    var title: String {
        "[\(data.severity ?? "alert")] \(data.ruleName ?? "An alert"): \(data.deviceName ?? data.deviceID ?? "a device")"
    }

    /// In one line of a list of many.
    var line: String {
        let state = type == AlertEvent.triggered.type ? "" : "\(occurrence): "
        return state + title + (data.message.map { " – \($0)" } ?? "")
    }

    /// The type of a step that is told again, since nobody has acknowledged the alert.
    static let repeated = "alert.repeated"

    /// What happened, in words: `Resolved`, `Severity raised`.
    var occurrence: String {
        if type == Self.repeated { return "Still open" }
        let words = (type.split(separator: ".").last ?? "").replacing("_", with: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}
