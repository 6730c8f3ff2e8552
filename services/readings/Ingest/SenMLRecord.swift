import Postgres

/// What a record says for itself and those behind it (RFC 8428, section 4.1).
struct SenMLBase {
    var name = ""
    /// Seconds since 1970, or from now.
    var time = 0.0
    var unit: String?
    var value = 0.0
}

/// What a record says for itself alone (RFC 8428, section 4.2). Sums and update times are not kept.
struct SenMLRecord {
    /// Whether it has anything but base fields.
    private(set) var isReading = false
    private var reading = ReadingFields()
    private var name: String?
    private var time: Double?
    private var unit: String?
    private var number: Double?

    private static let version = 10.0
    private static let nameBytes = 256

    /// Consumes an object, and takes its base fields over into `base`.
    ///
    /// - Parameter position: That of the record, to say where something is wrong.
    /// - Throws: ``BodyFailure`` for base fields that cannot be used and for fields that must be understood and are not,
    ///   `JSONScanner.Failure`.
    mutating func scan(_ scanner: inout JSONScanner, _ base: inout SenMLBase, at position: Int) throws {
        try scanner.beginObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            do {
                if try Self.scan(key, &scanner, into: &base) { continue }
                if try scan(key, &scanner) { isReading = true } else { try Self.passOver(key, &scanner) }
            } catch let fault as Fault {
                throw BodyFailure.invalid(field: "[\(position)].\(key.text.prefix(64))", message: fault.message)
            }
        }
    }

    /// What is wrong with a field that more depends on than its record.
    private struct Fault: Error {
        let message: String
    }

    // MARK: Fields

    /// - Returns: Whether it is a base field.
    private static func scan(_ key: JSONKey, _ scanner: inout JSONScanner, into base: inout SenMLBase) throws -> Bool {
        switch key {
        case "bn": base.name = try text(&scanner, atMost: nameBytes)
        case "bt": base.time = try number(&scanner)
        case "bu": base.unit = try text(&scanner, atMost: ReadingLimits.unitBytes)
        case "bv": base.value = try number(&scanner)
        case "bs": _ = try number(&scanner)
        case "bver":
            guard try number(&scanner) <= version else { throw Fault(message: "must be at most \(Int(version))") }
        default: return false
        }
        return true
    }

    /// - Returns: Whether it is a field of a measurement.
    private mutating func scan(_ key: JSONKey, _ scanner: inout JSONScanner) throws -> Bool {
        switch key {
        case "n":
            reading.check(isFirst: name == nil, .sensorType)
            name = try take(.string, "text", .sensorType, &scanner) { try $0.string() }
        case "u":
            reading.check(isFirst: unit == nil, .unit)
            unit = try take(.string, "text", .unit, &scanner) { try $0.string() }
        case "t":
            reading.check(isFirst: time == nil, .timestamp)
            time = try take(.number, "a number of seconds", .timestamp, &scanner) { try $0.number() }
        case "v":
            reading.check(isFirst: number == nil, .value)
            number = try take(.number, "a number", .value, &scanner) { try $0.number() }
        case "vs":
            if let text = try take(.string, "text", .value, &scanner, { try $0.string() }) { reading.set(text: text) }
        case "vb":
            let value = try take(.boolean, "a boolean", .value, &scanner) { try $0.boolean() }
            if let value { reading.set(boolean: value) }
        case "vd":
            reading.violate(.value, "must be a number, a boolean or text, not data")
            try scanner.skipValue()
        case "s", "ut": try scanner.skipValue()
        default: return false
        }
        return true
    }

    /// Reads a value of one kind; another is passed over, and the reading rejected.
    private mutating func take<Value>(
        _ kind: JSONScanner.Kind, _ kindName: String, _ field: ReadingField, _ scanner: inout JSONScanner,
        _ read: (inout JSONScanner) throws -> Value
    ) throws -> Value? {
        guard try scanner.peekKind() == kind else {
            try scanner.skipValue()
            reading.violate(field, "must be \(kindName)")
            return nil
        }
        return try read(&scanner)
    }

    /// A name that ends in an underscore is of a field without which the others are misunderstood (section 4.4).
    private static func passOver(_ key: JSONKey, _ scanner: inout JSONScanner) throws {
        guard !key.text.hasSuffix("_") else { throw Fault(message: "is not known here") }
        try scanner.skipValue()
    }

    private static func text(_ scanner: inout JSONScanner, atMost length: Int) throws -> String {
        guard try scanner.peekKind() == .string else { throw Fault(message: "must be text") }
        let text = try scanner.string()
        guard text.utf8.count <= length else { throw Fault(message: "must be at most \(length) bytes") }
        return text
    }

    private static func number(_ scanner: inout JSONScanner) throws -> Double {
        guard try scanner.peekKind() == .number else { throw Fault(message: "must be a number") }
        let number = try scanner.number()
        guard number.isFinite else { throw Fault(message: "must be a finite number") }
        return number
    }
}

// MARK: Resolution

extension SenMLRecord {
    /// What the record says with what those before it said for it (RFC 8428, section 4.6).
    func resolved(with base: SenMLBase, now: Timestamp) -> ReadingFields {
        var reading = reading
        if let sensor = Self.sensor(base.name + (name ?? "")) {
            reading.set(sensorType: sensor)
        } else {
            reading.violate(.sensorType, "must be named by letters, digits and -:./_ that begin with a letter or digit")
        }
        if let symbol = unit ?? base.unit { reading.set(unit: Self.unit(symbol)) }
        reading.set(time: Self.microseconds(base.time + (time ?? 0), now: now), now: now)
        if let number { reading.set(number: base.value + number) }
        reading.end()
        return reading
    }

    /// What follows the last `:` or `/` of a name; nil for what is no name (section 4.5.1).
    private static func sensor(_ name: String) -> String? {
        let isLetterOrDigit = { (byte: UInt8) in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        }
        guard let first = name.utf8.first, isLetterOrDigit(first),
            name.utf8.allSatisfy({ isLetterOrDigit($0) || "-:./_".utf8.contains($0) })
        else { return nil }
        let end = name.utf8.lastIndex { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }
        return end.map { String(name[name.utf8.index(after: $0)...]) } ?? name
    }

    /// Names that mean something else in SenML (section 12.1) than elsewhere, beside those that ``MeasurementUnit`` knows.
    private static func unit(_ symbol: String) -> String {
        switch symbol {
        case "C": "coulomb"
        case "F": "farad"
        case "%EL": "%"
        default: symbol
        }
    }

    /// Less than 2²⁸ seconds are from now on, or before if negative (section 4.5.3).
    private static func microseconds(_ seconds: Double, now: Timestamp) -> Int64? {
        let isRelative = seconds < 0x1p28
        guard let microseconds = Int64(exactly: (seconds * 1e6).rounded()) else { return nil }
        guard isRelative else { return microseconds }
        let (time, isBeyond) = now.microseconds.addingReportingOverflow(microseconds)
        return isBeyond ? nil : time
    }
}
