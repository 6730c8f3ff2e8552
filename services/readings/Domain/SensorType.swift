/// What a sensor of a known name measures.
struct SensorType: Sendable, Encodable {
    /// As readings name it in `sensor_type`.
    let name: String
    let label: String
    let description: String
    let quantity: String
    /// The unit it is recorded in where a device gives none; empty for numbers without one.
    let unit: MeasurementUnit
    /// What a sensor in working order can come to, in that unit. Nothing is refused for lying outside.
    let plausible: ClosedRange<Double>

    init(
        _ name: String, _ label: String, _ quantity: String, _ unit: String, _ plausible: ClosedRange<Double>,
        _ description: String
    ) {
        (self.name, self.label, self.description, self.quantity) = (name, label, description, quantity)
        (self.unit, self.plausible) = (MeasurementUnit(unit), plausible)
    }

    enum CodingKeys: String, CodingKey {
        case name = "sensor_type"
        case label, description, quantity, unit, units
        case plausible = "plausible_range"
    }

    enum RangeKeys: CodingKey {
        case low, high
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(label, forKey: .label)
        try container.encode(description, forKey: .description)
        try container.encode(quantity, forKey: .quantity)
        try container.encode(unit.symbol, forKey: .unit)
        try container.encode(unit.related.map(\.symbol), forKey: .units)
        var range = container.nestedContainer(keyedBy: RangeKeys.self, forKey: .plausible)
        try range.encode(plausible.lowerBound, forKey: .low)
        try range.encode(plausible.upperBound, forKey: .high)
    }
}
