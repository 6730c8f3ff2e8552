import Postgres

/// Reads the telemetry of ThingsBoard's device API (https://thingsboard.io/docs/reference/http-api/): `{"k": v}`,
/// `{"ts": ms, "values": {"k": v}}`, or a list of either.
///
/// Every key is a sensor. What is null is passed over, so that there may be no reading at all.
struct TelemetryParser {
    private var scanner: JSONScanner
    private let now: Timestamp
    private var columns = ReadingColumns()
    private var readings = 0

    /// - Returns: Readings, and rejections that name the key.
    /// - Throws: ``BodyFailure``.
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>, now: Timestamp) throws -> ReadingColumns {
        var parser = TelemetryParser(scanner: JSONScanner(bytes), now: now)
        do {
            try parser.body()
        } catch let failure as JSONScanner.Failure {
            throw BodyFailure.notJSON(failure)
        }
        return parser.columns
    }

    private mutating func body() throws {
        if try scanner.peekKind() == .array {
            try scanner.beginArray()
            var isFirst = true
            while try scanner.nextElement(isFirst: &isFirst) { try element() }
        } else {
            try element()
        }
        try scanner.end()
    }

    /// An object has a time only if it has both `ts` and `values`.
    private mutating func element() throws {
        guard try scanner.peekKind() == .object else {
            throw BodyFailure.invalid(field: "", message: "must be an object, or a list of objects")
        }
        var end = scanner
        var (time, values): (JSONScanner?, JSONScanner?)
        try end.beginObject()
        var isFirst = true
        while let key = try end.nextKey(isFirst: &isFirst) {
            switch key {
            case "ts": time = end
            case "values": values = end
            default: break
            }
            try end.skipValue()
        }
        if var time, let values {
            let milliseconds = try Self.milliseconds(&time)
            scanner = values
            guard try scanner.peekKind() == .object else {
                throw BodyFailure.invalid(field: "values", message: "must be an object")
            }
            try self.values(at: milliseconds)
        } else {
            try self.values(at: nil)
        }
        scanner = end
    }

    private static func milliseconds(_ scanner: inout JSONScanner) throws -> Double {
        guard try scanner.peekKind() == .number else {
            throw BodyFailure.invalid(field: "ts", message: "must be a number of milliseconds since 1970")
        }
        return try scanner.number()
    }

    private mutating func values(at milliseconds: Double?) throws {
        try scanner.beginObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            guard try scanner.peekKind() != .null else {
                try scanner.null()
                continue
            }
            guard readings < ReadingLimits.readingsPerRequest else { throw BodyFailure.tooManyReadings("") }
            var reading = ReadingFields()
            if let milliseconds {
                reading.set(time: Int64(exactly: (milliseconds * 1000).rounded()), now: now)
            }
            reading.set(sensorType: key.text)
            try reading.scanValue(&scanner)
            reading.end()
            append(reading, of: key)
            readings += 1
        }
    }

    private mutating func append(_ reading: ReadingFields, of key: JSONKey) {
        if let (field, message) = reading.violation {
            let name = field == ReadingField.timestamp.rawValue ? "ts" : key.text
            columns.reject(readings, String(name.prefix(ReadingLimits.sensorTypeBytes)), message)
        } else {
            columns.append(reading, at: readings, arrival: now)
        }
    }
}
