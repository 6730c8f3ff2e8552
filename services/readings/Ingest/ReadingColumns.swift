import Postgres

/// The readings of one device, column by column, as a parser fills them.
///
/// A sensor is an index into `sensors`, so that its name is made into a string once a request; what few readings have
/// (text, attributes) is kept apart by row.
struct ReadingColumns: Sendable {
    /// A sensor as the request names it.
    struct Sensor: Sendable {
        let name: String
        /// Nil when the readings give none: then it is the series' own.
        let unit: MeasurementUnit?
        let kind: ValueKind
    }

    var sensors: [Sensor] = []
    var sensor: [Int32] = []
    /// Microseconds since 1970; nil-free, since the time of arrival stands for what is missing.
    var times: [Int64] = []
    /// Booleans are 1 and 0; text is NaN here and stands in `texts`.
    var values: [Double] = []
    var qualities: [Int16] = []
    var texts: [Int: String] = [:]
    /// JSON objects with battery level, location and metadata.
    var attributes: [Int: JSONB] = [:]
    /// The index that each row had in the request; vitals that are no reading of the list have -1.
    var positions: [Int32] = []
    var rejections: [Rejection] = []

    var count: Int { times.count }

    mutating func reserveCapacity(_ rows: Int) {
        sensor.reserveCapacity(rows)
        times.reserveCapacity(rows)
        values.reserveCapacity(rows)
        qualities.reserveCapacity(rows)
        positions.reserveCapacity(rows)
    }

    /// Appends a reading, or what is wrong with it.
    ///
    /// - Parameters:
    ///   - position: Its index in the request.
    ///   - arrival: Stands for a time that it does not have.
    mutating func append(_ reading: ReadingFields, at position: Int, arrival: Timestamp) {
        if let (field, message) = reading.violation { return reject(position, field, message) }
        guard let index = sensorIndex(for: reading) else {
            return reject(position, ReadingField.sensorType.rawValue, "is required")
        }
        let row = count
        sensor.append(index)
        times.append(reading.time ?? arrival.microseconds)
        values.append(reading.number)
        qualities.append(reading.quality.rawValue)
        positions.append(Int32(position))
        if let text = reading.text { texts[row] = text }
        if let attributes = reading.attributes { self.attributes[row] = attributes }
    }

    /// The index of the sensor that the reading names, new or met before in this request.
    private mutating func sensorIndex(for reading: ReadingFields) -> Int32? {
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

    mutating func reject(_ position: Int, _ field: String, _ message: String) {
        rejections.append(Rejection(index: position, field: field, message: message))
    }
}

/// A reading that was not stored, and why.
struct Rejection: Sendable, Equatable, Encodable {
    /// Its index in the request.
    let index: Int
    let field: String
    let message: String
}
