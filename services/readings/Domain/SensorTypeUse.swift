/// A sensor type as an organization uses it.
struct SensorTypeUse: Sendable, Encodable {
    let name: String
    /// The series of that name, by unit and kind of value; the first fifty.
    let series: [Count]

    struct Count: Sendable, Encodable {
        let unit: String
        let kind: ValueKind
        let count: Int

        enum CodingKeys: String, CodingKey {
            case unit
            case kind = "values"
            case count
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(unit, forKey: .unit)
            try container.encode(kind.plural, forKey: .kind)
            try container.encode(count, forKey: .count)
        }
    }

    enum CodingKeys: String, CodingKey {
        case name = "sensor_type"
        case known, series
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(SensorCatalogue[name], forKey: .known)
        try container.encode(series, forKey: .series)
    }
}
