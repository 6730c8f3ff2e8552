import Postgres

/// The fields of one reading as a parser finds them; the first that breaks a rule is kept as its violation.
struct ReadingFields {
    private(set) var sensorName: String?
    private(set) var unit: MeasurementUnit?
    private(set) var kind = ValueKind.number
    /// Booleans are 1 and 0, text is NaN.
    private(set) var number = Double.nan
    private(set) var text: String?
    private(set) var time: Int64?
    private(set) var violation: (field: String, message: String)?
    private var hasValue = false
    private var statedQuality: Quality?
    private(set) var battery: Double?
    private var location: [UInt8]?
    private var metadata: [UInt8]?

    var quality: Quality { statedQuality ?? .good }

    mutating func violate(_ field: ReadingField, _ message: String) {
        violation = violation ?? (field.rawValue, message)
    }

    /// Behind the last field: finds out whether one is missing.
    mutating func end() {
        if sensorName == nil { violate(.sensorType, "is required") }
        if !hasValue { violate(.value, "is required") }
    }

    // MARK: Fields

    mutating func set(sensorType: String) {
        check(isFirst: sensorName == nil, .sensorType)
        sensorName = short(sensorType, 1...ReadingLimits.sensorTypeBytes, .sensorType)
    }

    mutating func set(unit symbol: String) {
        check(isFirst: unit == nil, .unit)
        unit = short(symbol, 0...ReadingLimits.unitBytes, .unit).map(MeasurementUnit.init)
    }

    mutating func set(number value: Double) {
        beginValue()
        (kind, number) = (.number, value)
        if !value.isFinite { violate(.value, "must be a finite number") }
    }

    mutating func set(boolean value: Bool) {
        beginValue()
        (kind, number) = (.boolean, value ? 1 : 0)
    }

    mutating func set(text value: String) {
        beginValue()
        (kind, text) = (.text, value)
        if value.utf8.count > ReadingLimits.textBytes {
            violate(.value, "must be at most \(ReadingLimits.textBytes) bytes of text")
        }
        if value.utf8.contains(0) { violate(.value, "must not contain U+0000") }
    }

    private mutating func beginValue() {
        check(isFirst: !hasValue, .value)
        hasValue = true
    }

    /// - Parameter time: Microseconds since 1970; nil for what is no time.
    mutating func set(time: Int64?, now: Timestamp) {
        check(isFirst: self.time == nil, .timestamp)
        guard let time else { return violate(.timestamp, ReadingTime.expectation) }
        self.time = time
        if let message = ReadingTime.violation(time, now: now) { violate(.timestamp, message) }
    }

    mutating func set(quality name: String) {
        check(isFirst: statedQuality == nil, .quality)
        guard let known = Quality(name: name) else {
            return violate(.quality, "must be one of excellent, good, fair, poor, bad")
        }
        statedQuality = known
    }

    mutating func set(batteryLevel level: Double) {
        check(isFirst: battery == nil, .batteryLevel)
        battery = level
        if !(0...100).contains(level) { violate(.batteryLevel, "must be between 0 and 100") }
    }

    mutating func set(location json: [UInt8]) {
        check(isFirst: location == nil, .location)
        location = attribute(json, .location)
    }

    mutating func set(metadata json: [UInt8]) {
        check(isFirst: metadata == nil, .metadata)
        metadata = attribute(json, .metadata)
    }

    /// What a name that is there twice stands for, JSON leaves open (RFC 8259, section 4).
    mutating func check(isFirst: Bool, _ field: ReadingField) {
        if !isFirst { violate(field, "must be there once") }
    }

    private mutating func short(_ text: String, _ length: ClosedRange<Int>, _ field: ReadingField) -> String? {
        guard length.contains(text.utf8.count), !text.utf8.contains(where: { $0 < 0x20 }) else {
            violate(field, "must be \(length.lowerBound) to \(length.upperBound) bytes without control characters")
            return nil
        }
        return text
    }

    private mutating func attribute(_ json: [UInt8], _ field: ReadingField) -> [UInt8]? {
        guard json.count <= ReadingLimits.attributeBytes else {
            violate(field, "must be at most \(ReadingLimits.attributeBytes) bytes")
            return nil
        }
        guard !String(decoding: json, as: UTF8.self).contains("\\u0000") else {
            violate(field, "must not contain U+0000")
            return nil
        }
        return json
    }

    /// Battery level, location and metadata as one JSON object.
    var attributes: JSONB? {
        let fields = [
            battery.map { ("battery_level", Array("\($0)".utf8)) }, location.map { ("location", $0) },
            metadata.map { ("metadata", $0) },
        ].compactMap { $0 }
        guard !fields.isEmpty else { return nil }
        let members = fields.map { Array("\"\($0.0)\":".utf8) + $0.1 }
        return JSONB(bytes: [UInt8(ascii: "{")] + members.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "}")])
    }
}
