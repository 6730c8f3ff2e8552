import Postgres

/// Reads what one device sends as JSON into columns: a list of readings, and what holds for all of them. It is the body of
/// `POST /api/v1/devices/{id}/readings`, or what ``ManyDevicesParser`` finds of one of the devices.
///
/// A reading that breaks a rule is rejected by itself; the request fails only when it is not JSON, not of the shape, or
/// has no reading at all or too many.
struct DeviceReadingsParser {
    private(set) var scanner: JSONScanner
    private(set) var columns = ReadingColumns()
    /// How many readings there are, rejected ones too.
    private(set) var count = 0
    /// What an object of one of many devices has; that of a device which sends for itself needs none.
    private(set) var deviceID: String?
    private let now: Timestamp
    private let limit: Int
    private var hasReadings = false
    /// What the top level says for all readings; it may stand behind them.
    private var defaultTime: Int64?
    private var battery: Double?
    private var signalStrength: Double?
    private var temperature: Double?
    private var rowsWithoutTime: [Int] = []
    private var rowsWithoutBattery: [Int] = []

    /// - Parameter limit: How many readings there may be.
    init(_ scanner: JSONScanner, now: Timestamp, limit: Int = ReadingLimits.readingsPerRequest) {
        self.scanner = scanner
        self.now = now
        self.limit = limit
    }

    /// - Parameter now: The time of arrival, for readings without a time and for the bounds.
    /// - Throws: ``BodyFailure``.
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>, now: Timestamp) throws -> ReadingColumns {
        var parser = DeviceReadingsParser(JSONScanner(bytes), now: now)
        do {
            try parser.body()
        } catch let failure as JSONScanner.Failure {
            throw BodyFailure.notJSON(failure)
        }
        return parser.columns
    }

    // MARK: The request

    private mutating func body() throws {
        guard try scanner.peekKind() == .object else {
            try scanner.skipValue()
            try scanner.end()
            throw BodyFailure.invalid(field: "", message: "must be an object with a list \"readings\"")
        }
        try object()
        try scanner.end()
    }

    /// Consumes the object.
    ///
    /// - Throws: ``BodyFailure``, `JSONScanner.Failure`.
    mutating func object() throws {
        try scanner.beginObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) { try field(key) }
        guard hasReadings else { throw BodyFailure.invalid(field: "readings", message: "is required") }
        applyDefaults()
    }

    private mutating func field(_ key: JSONKey) throws {
        switch key {
        case "readings": try readings()
        case "device_id": try Self.set(&deviceID, "device_id", optionalText())
        case "timestamp": try Self.set(&defaultTime, "timestamp", topLevelTime())
        case "battery_level": try Self.set(&battery, "battery_level", topLevelNumber("battery_level", in: 0...100))
        case "wifi_signal_strength":
            try Self.set(
                &signalStrength, "wifi_signal_strength", topLevelNumber("wifi_signal_strength", in: -200...100))
        case "device_temperature":
            try Self.set(&temperature, "device_temperature", topLevelNumber("device_temperature", in: -273.15...1000))
        default: try scanner.skipValue()
        }
    }

    /// What a name that is there twice stands for, JSON leaves open (RFC 8259, section 4).
    private static func set<Value>(_ field: inout Value?, _ name: String, _ value: Value?) throws(BodyFailure) {
        guard field == nil else { throw .invalid(field: name, message: "must be there once") }
        field = value
    }

    /// Nil for what is no text.
    private mutating func optionalText() throws -> String? {
        guard try scanner.peekKind() == .string else {
            try scanner.skipValue()
            return nil
        }
        return try scanner.string()
    }

    private mutating func topLevelTime() throws -> Int64? {
        if try scanner.peekKind() == .null {
            try scanner.null()
            return nil
        }
        guard let time = try ReadingTime.scan(&scanner) else {
            throw BodyFailure.invalid(field: "timestamp", message: ReadingTime.expectation)
        }
        if let message = ReadingTime.violation(time, now: now) {
            throw BodyFailure.invalid(field: "timestamp", message: message)
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
                throw BodyFailure.invalid(
                    field: name, message: "must be between \(range.lowerBound) and \(range.upperBound)")
            }
            return value
        default:
            throw BodyFailure.invalid(field: name, message: "must be a number")
        }
    }

    private mutating func readings() throws {
        guard try scanner.peekKind() == .array, !hasReadings else {
            throw BodyFailure.invalid(field: "readings", message: "must be a list of readings")
        }
        hasReadings = true
        try scanner.beginArray()
        columns.reserveCapacity(64)
        var isFirst = true
        while try scanner.nextElement(isFirst: &isFirst) {
            guard count < limit else { throw BodyFailure.tooManyReadings("readings") }
            try reading(at: count)
            count += 1
        }
        guard count > 0 else { throw BodyFailure.invalid(field: "readings", message: "must not be empty") }
    }

    private mutating func reading(at position: Int) throws {
        guard try scanner.peekKind() == .object else {
            try scanner.skipValue()
            return columns.reject(position, "", "must be an object")
        }
        var reading = ReadingFields()
        try reading.scan(&scanner, now: now)
        let row = columns.count
        columns.append(reading, at: position, arrival: now)
        guard columns.count > row else { return }
        if reading.time == nil { rowsWithoutTime.append(row) }
        if reading.battery == nil { rowsWithoutBattery.append(row) }
    }

    /// The top level's time and battery level hold for the readings that have none of their own.
    private mutating func applyDefaults() {
        if let defaultTime {
            for row in rowsWithoutTime { columns.times[row] = defaultTime }
        }
        if let battery { apply(battery) }
        if let signalStrength { append("wifi_signal_strength", MeasurementUnit("dBm"), signalStrength) }
        if let temperature { append("device_temperature", MeasurementUnit("°C"), temperature) }
    }

    private mutating func apply(_ battery: Double) {
        let member = "{\"battery_level\":\(battery)"
        let alone = JSONB(bytes: Array("\(member)}".utf8))
        for row in rowsWithoutBattery {
            columns.attributes[row] =
                columns.attributes[row].map { JSONB(bytes: Array("\(member),".utf8) + $0.bytes.dropFirst()) } ?? alone
        }
    }

    /// A vital of the device, which is no reading of the list.
    private mutating func append(_ name: String, _ unit: MeasurementUnit, _ value: Double) {
        columns.sensor.append(Int32(columns.sensors.count))
        columns.sensors.append(.init(name: name, unit: unit, kind: .number))
        columns.times.append(defaultTime ?? now.microseconds)
        columns.values.append(value)
        columns.qualities.append(Quality.good.rawValue)
        columns.positions.append(-1)
    }
}
