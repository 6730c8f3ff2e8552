import Postgres

/// Reads the body of `POST /api/v1/devices/{id}/readings` into columns.
///
/// A reading that breaks a rule is rejected by itself; the request fails only when it is not JSON, not of the shape, or
/// has no reading at all or too many.
struct DeviceReadingsParser {
    /// Why the whole request cannot be used.
    enum Failure: Error, Equatable {
        case notJSON(JSONScanner.Failure)
        /// Well-formed, but not what the route takes.
        case invalid(field: String, message: String)
    }

    private var scanner: JSONScanner
    private let now: Timestamp
    private var columns = ReadingColumns()
    private var hasReadings = false
    /// What the top level says for all readings; it may stand behind them.
    private var defaultTime: Int64?
    private var battery: Double?
    private var vitals: [(name: String, unit: MeasurementUnit, value: Double)] = []
    private var rowsWithoutTime: [Int] = []

    private init(_ bytes: UnsafeBufferPointer<UInt8>, now: Timestamp) {
        scanner = JSONScanner(bytes)
        self.now = now
    }

    /// - Parameter now: The time of arrival, for readings without a time and for the bounds.
    /// - Throws: ``Failure``.
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>, now: Timestamp) throws -> ReadingColumns {
        var parser = DeviceReadingsParser(bytes, now: now)
        do {
            try parser.body()
        } catch let failure as JSONScanner.Failure {
            throw Failure.notJSON(failure)
        }
        return parser.columns
    }

    // MARK: The request

    private mutating func body() throws {
        guard try scanner.peekKind() == .object else {
            try scanner.skipValue()
            try scanner.end()
            throw Failure.invalid(field: "", message: "must be an object with a list \"readings\"")
        }
        try scanner.beginObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) { try field(key) }
        try scanner.end()
        guard hasReadings else { throw Failure.invalid(field: "readings", message: "is required") }
        applyDefaults()
    }

    private mutating func field(_ key: Slice<UnsafeBufferPointer<UInt8>>) throws {
        if key.elementsEqual("readings".utf8) {
            try readings()
        } else if key.elementsEqual("timestamp".utf8) {
            defaultTime = try topLevelTime()
        } else if key.elementsEqual("battery_level".utf8) {
            battery = try topLevelNumber("battery_level", in: 0...100)
        } else if key.elementsEqual("wifi_signal_strength".utf8) {
            if let value = try topLevelNumber("wifi_signal_strength", in: -200...100) {
                vitals.append(("wifi_signal_strength", MeasurementUnit("dBm"), value))
            }
        } else if key.elementsEqual("device_temperature".utf8) {
            if let value = try topLevelNumber("device_temperature", in: -273.15...1000) {
                vitals.append(("device_temperature", MeasurementUnit("°C"), value))
            }
        } else {
            try scanner.skipValue()
        }
    }

    private mutating func topLevelTime() throws -> Int64? {
        if try scanner.peekKind() == .null {
            try scanner.null()
            return nil
        }
        guard let time = try ReadingTime.scan(&scanner) else {
            throw Failure.invalid(field: "timestamp", message: ReadingTime.expectation)
        }
        if let message = ReadingTime.violation(time, now: now) {
            throw Failure.invalid(field: "timestamp", message: message)
        }
        return time
    }

    private mutating func topLevelNumber(_ name: String, in range: ClosedRange<Double>) throws -> Double? {
        switch try scanner.peekKind() {
        case .null:
            try scanner.null()
            return nil
        case .number:
            let value = try scanner.number()
            guard range.contains(value) else {
                throw Failure.invalid(
                    field: name, message: "must be between \(range.lowerBound) and \(range.upperBound)")
            }
            return value
        default:
            throw Failure.invalid(field: name, message: "must be a number")
        }
    }

    private mutating func readings() throws {
        guard try scanner.peekKind() == .array, !hasReadings else {
            throw Failure.invalid(field: "readings", message: "must be a list of readings")
        }
        hasReadings = true
        try scanner.beginArray()
        columns.reserveCapacity(64)
        var isFirst = true
        var position = 0
        while try scanner.nextElement(isFirst: &isFirst) {
            guard position < ReadingLimits.readingsPerRequest else {
                throw Failure.invalid(
                    field: "readings", message: "must have at most \(ReadingLimits.readingsPerRequest) readings")
            }
            try reading(at: position)
            position += 1
        }
        guard position > 0 else { throw Failure.invalid(field: "readings", message: "must not be empty") }
    }

    private mutating func reading(at position: Int) throws {
        guard try scanner.peekKind() == .object else {
            try scanner.skipValue()
            return columns.reject(position, "", "must be an object")
        }
        var reading = ReadingFields()
        try reading.scan(&scanner, now: now)
        if let (field, message) = reading.violation { return columns.reject(position, field, message) }
        guard let sensor = columns.sensorIndex(for: reading) else {
            return columns.reject(position, "sensor_type", "is required")
        }
        let row = columns.count
        columns.sensor.append(sensor)
        if reading.time == nil { rowsWithoutTime.append(row) }
        columns.times.append(reading.time ?? now.microseconds)
        columns.values.append(reading.number)
        columns.qualities.append(reading.quality.rawValue)
        columns.positions.append(Int32(position))
        if let text = reading.text { columns.texts[row] = text }
        if let attributes = reading.attributes { columns.attributes[row] = attributes }
    }

    /// The top level's time and battery level hold for the readings that have none of their own.
    private mutating func applyDefaults() {
        if let defaultTime {
            for row in rowsWithoutTime { columns.times[row] = defaultTime }
        }
        if let battery {
            let attributes = JSONB(bytes: Array("{\"battery_level\":\(battery)}".utf8))
            for row in 0..<columns.count where columns.attributes[row] == nil { columns.attributes[row] = attributes }
        }
        for vital in vitals {
            columns.sensor.append(Int32(columns.sensors.count))
            columns.sensors.append(.init(name: vital.name, unit: vital.unit, kind: .number))
            columns.times.append(defaultTime ?? now.microseconds)
            columns.values.append(vital.value)
            columns.qualities.append(Quality.good.rawValue)
            columns.positions.append(-1)
        }
    }
}

extension ReadingColumns {
    /// The index of the sensor that the reading names, new or met before in this request.
    mutating func sensorIndex(for reading: ReadingFields) -> Int32? {
        guard let name = reading.sensorName else { return nil }
        // Devices send their sensors in turn, so the one after the last is the likeliest.
        let start = (sensor.last.map(Int.init) ?? -1) + 1
        for step in 0..<sensors.count {
            let index = (start + step) % sensors.count
            let known = sensors[index]
            if known.kind == reading.kind, known.unit == reading.unit, known.name == name { return Int32(index) }
        }
        sensors.append(Sensor(name: name, unit: reading.unit, kind: reading.kind))
        return Int32(sensors.count - 1)
    }
}
