/// What a rule watches for.
enum RuleKind: Sendable, Hashable {
    /// A sensor's readings meet the condition for so long.
    case threshold(sensor: String, ThresholdCondition, holdSeconds: Int)
    /// What a sensor's readings change by in a minute, over so long, meets the condition.
    case rateOfChange(sensor: String, ThresholdCondition, windowSeconds: Int)
    /// A sensor that had readings has had none for so long.
    case noData(sensor: String, windowSeconds: Int)
    /// The device has been offline for so long.
    case deviceOffline(holdSeconds: Int)
    /// The level of the device's battery, in percent, meets the condition.
    case batteryLow(ThresholdCondition)
    /// Too many of a sensor's readings are bad.
    case dataQuality(sensor: String, QualityCondition)
    /// All or any of several conditions on the device's sensors have held for so long.
    case composite(CompositeCondition, holdSeconds: Int)

    /// The kinds by their names in JSON and in the database.
    enum Name: String, Sendable, Codable, CaseIterable {
        case threshold, composite
        case rateOfChange = "rate_of_change"
        case noData = "no_data"
        case deviceOffline = "device_offline"
        case batteryLow = "battery_low"
        case dataQuality = "data_quality"
    }

    var name: Name {
        switch self {
        case .threshold: .threshold
        case .rateOfChange: .rateOfChange
        case .noData: .noData
        case .deviceOffline: .deviceOffline
        case .batteryLow: .batteryLow
        case .dataQuality: .dataQuality
        case .composite: .composite
        }
    }
}

extension RuleKind {
    /// The sensor type that a rule of this kind is about; empty for kinds that are about the whole device.
    var sensorType: String {
        switch self {
        case .threshold(let sensor, _, _), .rateOfChange(let sensor, _, _), .noData(let sensor, _),
            .dataQuality(let sensor, _):
            sensor
        case .deviceOffline, .batteryLow, .composite: ""
        }
    }

    /// The sensor types whose readings it takes, each once.
    var sensorTypes: [String] {
        switch self {
        case .composite(let composite, _): composite.sensorTypes
        case .deviceOffline, .batteryLow: []
        case .threshold, .rateOfChange, .noData, .dataQuality: [sensorType]
        }
    }

    /// How long what it watches for must last before it triggers.
    var holdSeconds: Int {
        switch self {
        case .threshold(_, _, let seconds), .noData(_, let seconds), .deviceOffline(let seconds),
            .composite(_, let seconds):
            seconds
        case .rateOfChange, .batteryLow, .dataQuality: 0
        }
    }

    /// What the value of one of its alerts was compared with; nil where there is no one condition. Seconds with
    /// `noData` and `deviceOffline`, percent with `batteryLow` and `dataQuality`.
    var condition: ThresholdCondition? {
        switch self {
        case .threshold(_, let condition, _), .rateOfChange(_, let condition, _), .batteryLow(let condition): condition
        case .noData(_, let seconds), .deviceOffline(let seconds): ThresholdCondition(.gte, Double(seconds))
        case .dataQuality(_, let quality): quality.share
        case .composite: nil
        }
    }

    /// Whether single devices may have a threshold of their own.
    var takesOverrides: Bool {
        switch self {
        case .threshold, .rateOfChange, .batteryLow, .dataQuality: true
        case .noData, .deviceOffline, .composite: false
        }
    }

    /// The same with a device's own threshold; a kind that takes none stays as it is.
    func overridden(by own: ThresholdOverride) -> RuleKind {
        switch self {
        case .threshold(let sensor, let condition, let seconds):
            .threshold(sensor: sensor, condition.overridden(by: own), holdSeconds: seconds)
        case .rateOfChange(let sensor, let condition, let seconds):
            .rateOfChange(sensor: sensor, condition.overridden(by: own), windowSeconds: seconds)
        case .batteryLow(let condition): .batteryLow(condition.overridden(by: own))
        case .dataQuality(let sensor, let quality): .dataQuality(sensor: sensor, quality.overridden(by: own))
        case .noData, .deviceOffline, .composite: self
        }
    }
}
