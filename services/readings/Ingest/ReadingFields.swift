import Postgres

/// The fields of one reading as they are read; the first that breaks a rule is kept as its violation.
struct ReadingFields {
    private(set) var sensorName: String?
    private(set) var unit: MeasurementUnit?
    private(set) var kind = ValueKind.number
    /// Booleans are 1 and 0, text is NaN.
    private(set) var number = Double.nan
    private(set) var text: String?
    private(set) var time: Int64?
    private(set) var quality = Quality.good
    private(set) var violation: (field: String, message: String)?
    private var hasValue = false
    private var battery: Double?
    private var location: [UInt8]?
    private var metadata: [UInt8]?

    /// Consumes the object.
    ///
    /// - Throws: `JSONScanner.Failure` when it is not JSON; what breaks a rule is in ``violation``.
    mutating func scan(_ scanner: inout JSONScanner, now: Timestamp) throws(JSONScanner.Failure) {
        try scanner.beginObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            if try scanner.peekKind() == .null {
                try scanner.null()
            } else {
                try field(key, &scanner, now: now)
            }
        }
        if sensorName == nil { violate("sensor_type", "is required") }
        if !hasValue { violate("value", "is required") }
    }

    private mutating func field(
        _ key: Slice<UnsafeBufferPointer<UInt8>>, _ scanner: inout JSONScanner, now: Timestamp
    ) throws(JSONScanner.Failure) {
        if key.elementsEqual("sensor_type".utf8) {
            sensorName = try shortText("sensor_type", 1...ReadingLimits.sensorTypeBytes, &scanner)
        } else if key.elementsEqual("value".utf8) {
            try value(&scanner)
        } else if key.elementsEqual("unit".utf8) {
            unit = try shortText("unit", 0...ReadingLimits.unitBytes, &scanner).map(MeasurementUnit.init)
        } else if key.elementsEqual("timestamp".utf8) {
            try timestamp(&scanner, now: now)
        } else if key.elementsEqual("quality".utf8) {
            let name = try shortText("quality", 1...16, &scanner)
            if let name, let known = Quality(name: name) {
                quality = known
            } else {
                violate("quality", "must be one of excellent, good, fair, poor, bad")
            }
        } else if key.elementsEqual("battery_level".utf8) {
            try batteryLevel(&scanner)
        } else if key.elementsEqual("location".utf8) {
            location = try attribute("location", &scanner)
        } else if key.elementsEqual("metadata".utf8) {
            metadata = try attribute("metadata", &scanner)
        } else {
            try scanner.skipValue()
        }
    }

    private mutating func value(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) {
        hasValue = true
        switch try scanner.peekKind() {
        case .number:
            number = try scanner.number()
            if !number.isFinite { violate("value", "must be a finite number") }
        case .boolean:
            kind = .boolean
            number = try scanner.boolean() ? 1 : 0
        case .string:
            kind = .text
            text = try scanner.string()
            if (text?.utf8.count ?? 0) > ReadingLimits.textBytes {
                violate("value", "must be at most \(ReadingLimits.textBytes) bytes of text")
            }
            if text?.utf8.contains(0) == true { violate("value", "must not contain U+0000") }
        default:
            try scanner.skipValue()
            violate("value", "must be a number, a boolean or text")
        }
    }

    private mutating func timestamp(_ scanner: inout JSONScanner, now: Timestamp) throws(JSONScanner.Failure) {
        guard let parsed = try ReadingTime.scan(&scanner) else {
            return violate("timestamp", ReadingTime.expectation)
        }
        time = parsed
        if let message = ReadingTime.violation(parsed, now: now) { violate("timestamp", message) }
    }

    private mutating func batteryLevel(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) {
        guard try scanner.peekKind() == .number else {
            try scanner.skipValue()
            return violate("battery_level", "must be a number")
        }
        let level = try scanner.number()
        battery = level
        if !(0...100).contains(level) { violate("battery_level", "must be between 0 and 100") }
    }

    private mutating func shortText(
        _ field: String, _ length: ClosedRange<Int>, _ scanner: inout JSONScanner
    ) throws(JSONScanner.Failure) -> String? {
        guard try scanner.peekKind() == .string else {
            try scanner.skipValue()
            violate(field, "must be text")
            return nil
        }
        let text = try scanner.string()
        guard length.contains(text.utf8.count), !text.utf8.contains(where: { $0 < 0x20 }) else {
            violate(field, "must be \(length.lowerBound) to \(length.upperBound) bytes without control characters")
            return nil
        }
        return text
    }

    private mutating func attribute(
        _ field: String, _ scanner: inout JSONScanner
    ) throws(JSONScanner.Failure) -> [UInt8]? {
        let bytes = Array(try scanner.skipValue())
        guard bytes.count <= ReadingLimits.attributeBytes else {
            violate(field, "must be at most \(ReadingLimits.attributeBytes) bytes")
            return nil
        }
        guard !String(decoding: bytes, as: UTF8.self).contains("\\u0000") else {
            violate(field, "must not contain U+0000")
            return nil
        }
        return bytes
    }

    private mutating func violate(_ field: String, _ message: String) {
        violation = violation ?? (field, message)
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
