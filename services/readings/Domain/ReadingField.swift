/// The fields of a reading, by their names in JSON and in the header of CSV.
enum ReadingField: String, CaseIterable, Sendable {
    case sensorType = "sensor_type"
    case value
    case unit
    case timestamp
    case quality
    case batteryLevel = "battery_level"
    case location
    case metadata
}
