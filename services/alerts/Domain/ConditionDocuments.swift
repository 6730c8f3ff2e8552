import FoundationEssentials
import Kernel

/// A condition on a value as JSON.
struct ConditionDocument: Codable, Sendable {
    let condition: String?
    let thresholdValue: Double?
    let thresholdValueHigh: Double?
    let clearValue: Double?

    enum CodingKeys: String, CodingKey {
        case condition
        case thresholdValue = "threshold_value"
        case thresholdValueHigh = "threshold_value_high"
        case clearValue = "clear_value"
    }

    init(_ condition: ThresholdCondition) {
        self.condition = condition.comparison.rawValue
        thresholdValue = condition.value
        thresholdValueHigh = condition.high
        clearValue = condition.clearValue
    }

    init(condition: String?, thresholdValue: Double?, thresholdValueHigh: Double?, clearValue: Double?) {
        self.condition = condition
        self.thresholdValue = thresholdValue
        self.thresholdValueHigh = thresholdValueHigh
        self.clearValue = clearValue
    }

    /// The condition this stands for; nil when it stands for none.
    var threshold: ThresholdCondition? {
        guard let comparison = condition.flatMap(Comparison.init), let thresholdValue else { return nil }
        return ThresholdCondition(comparison, thresholdValue, high: thresholdValueHigh, clearValue: clearValue)
    }
}

/// One of a composite rule's conditions as JSON.
struct TermDocument: Codable, Sendable {
    let sensorType: String?
    let condition: ConditionDocument

    enum CodingKeys: String, CodingKey {
        case sensorType = "sensor_type"
    }

    init(sensorType: String?, condition: ConditionDocument) {
        self.sensorType = sensorType
        self.condition = condition
    }

    init(_ term: CompositeCondition.Term) {
        sensorType = term.sensorType
        condition = ConditionDocument(term.condition)
    }

    /// The members of the condition stand beside the sensor type.
    init(from decoder: any Decoder) throws {
        sensorType = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .sensorType)
        condition = try ConditionDocument(from: decoder)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(sensorType, forKey: .sensorType)
        try condition.encode(to: encoder)
    }

    /// The term this stands for; nil when it stands for none.
    var term: CompositeCondition.Term? {
        guard let sensorType, let threshold = condition.threshold else { return nil }
        return CompositeCondition.Term(sensorType: sensorType, condition: threshold)
    }
}

/// A device's own bounds as JSON.
struct OverrideDocument: Codable, Sendable {
    let deviceID: UUID
    let thresholdValue: Double
    let thresholdValueHigh: Double?
    let clearValue: Double?

    enum CodingKeys: String, CodingKey {
        case deviceID = "device_id"
        case thresholdValue = "threshold_value"
        case thresholdValueHigh = "threshold_value_high"
        case clearValue = "clear_value"
    }

    /// Ids in lower case, as everywhere.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(deviceID.text, forKey: .deviceID)
        try container.encode(thresholdValue, forKey: .thresholdValue)
        try container.encodeIfPresent(thresholdValueHigh, forKey: .thresholdValueHigh)
        try container.encodeIfPresent(clearValue, forKey: .clearValue)
    }

    var bounds: ThresholdOverride {
        ThresholdOverride(value: thresholdValue, high: thresholdValueHigh, clearValue: clearValue)
    }
}

extension [OverrideDocument] {
    /// By device, so that the same rule is always written the same.
    init(_ overrides: [UUID: ThresholdOverride]) {
        self = overrides.map { device, own in
            OverrideDocument(
                deviceID: device, thresholdValue: own.value, thresholdValueHigh: own.high, clearValue: own.clearValue)
        }.sorted { $0.deviceID.text < $1.deviceID.text }
    }

    var overrides: [UUID: ThresholdOverride] {
        Dictionary(map { ($0.deviceID, $0.bounds) }) { _, last in last }
    }
}

/// A step of an escalation as JSON.
struct EscalationDocument: Codable, Sendable {
    let afterSeconds: Int
    let channelIDs: [UUID]

    enum CodingKeys: String, CodingKey {
        case afterSeconds = "after_s"
        case channelIDs = "channel_ids"
    }

    init(_ step: EscalationStep) {
        afterSeconds = step.afterSeconds
        channelIDs = step.channelIDs
    }

    /// Ids in lower case, as everywhere.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(afterSeconds, forKey: .afterSeconds)
        try container.encode(channelIDs.map(\.text), forKey: .channelIDs)
    }

    var step: EscalationStep { EscalationStep(afterSeconds: afterSeconds, channelIDs: channelIDs) }
}
