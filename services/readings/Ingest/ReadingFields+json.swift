import Postgres

extension ReadingFields {
    /// Consumes an object.
    ///
    /// - Throws: `JSONScanner.Failure` when it is not JSON; what breaks a rule is in ``violation``.
    mutating func scan(_ scanner: inout JSONScanner, now: Timestamp) throws(JSONScanner.Failure) {
        try scanner.beginObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            if let field = ReadingField(key), try scanner.peekKind() != .null {
                try scan(field, &scanner, now: now)
            } else {
                try scanner.skipValue()
            }
        }
        end()
    }

    private mutating func scan(
        _ field: ReadingField, _ scanner: inout JSONScanner, now: Timestamp
    ) throws(JSONScanner.Failure) {
        switch field {
        case .sensorType: if let text = try text(field, &scanner) { set(sensorType: text) }
        case .value: try scanValue(&scanner)
        case .unit: if let text = try text(field, &scanner) { set(unit: text) }
        case .timestamp: set(time: try ReadingTime.scan(&scanner), now: now)
        case .quality: if let text = try text(field, &scanner) { set(quality: text) }
        case .batteryLevel:
            guard try scanner.peekKind() == .number else {
                try scanner.skipValue()
                return violate(field, "must be a number")
            }
            set(batteryLevel: try scanner.number())
        case .location: if let json = try attribute(field, &scanner) { set(location: json) }
        case .metadata: if let json = try attribute(field, &scanner) { set(metadata: json) }
        }
    }

    /// Consumes the value of a measurement.
    mutating func scanValue(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) {
        switch try scanner.peekKind() {
        case .number: set(number: try scanner.number())
        case .boolean: set(boolean: try scanner.boolean())
        case .string: set(text: try scanner.string())
        case .object, .array, .null:
            try scanner.skipValue()
            violate(.value, "must be a number, a boolean or text")
        }
    }

    private mutating func text(
        _ field: ReadingField, _ scanner: inout JSONScanner
    ) throws(JSONScanner.Failure) -> String? {
        guard try scanner.peekKind() == .string else {
            try scanner.skipValue()
            violate(field, "must be text")
            return nil
        }
        return try scanner.string()
    }

    /// Consumes a location or metadata, which are kept as they stand.
    mutating func attribute(
        _ field: ReadingField, _ scanner: inout JSONScanner
    ) throws(JSONScanner.Failure) -> [UInt8]? {
        let bytes = Array(try scanner.skipValue())
        guard !scanner.hasPassedExtremeNumber else {
            violate(field, "must have no numbers beyond 1e38, nor other than 0 below 1e-38")
            return nil
        }
        return bytes
    }
}

extension ReadingField {
    /// Nil for the name of no field.
    fileprivate init?(_ key: JSONKey) {
        switch key {
        case "sensor_type": self = .sensorType
        case "value": self = .value
        case "unit": self = .unit
        case "timestamp": self = .timestamp
        case "quality": self = .quality
        case "battery_level": self = .batteryLevel
        case "location": self = .location
        case "metadata": self = .metadata
        default: return nil
        }
    }
}
