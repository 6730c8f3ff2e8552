import FoundationEssentials
import HTTPKit
import Hummingbird
import Kernel
import Postgres

/// What an organization's readings of a range came to.
struct ReadingSummary: ResponseEncodable, Sendable {
    /// Qualities are counted reading by reading, so only of so many.
    static let mostOfQuality = 2_000_000
    static let mostSensors = 200
    static let mostBusiest = 10
    static let mostSilent = 100

    let range: TimeRange
    var resolution = ReadingSource.rows
    var readings = 0
    /// Series and devices that have readings in the range.
    var series = 0
    var devices = 0
    /// Nil where there are more than ``mostOfQuality``.
    var qualities: [Quality: Int]?
    /// By sensor type, unit and kind of value; those with most readings first. The least and the greatest number are not
    /// finite where the unit that was asked for has none for them.
    var sensors: [Sensor] = []
    /// The devices with most readings.
    var busiest: [Device] = []
    /// How many devices have no readings in the range, and the first of them by their ids.
    var silent = 0
    var silentDevices: [SilentDevice] = []

    struct Sensor: Sendable {
        let sensorType: String
        let unit: String
        let series: Int
        let devices: Int
        /// Text included.
        let readings: Int
        let summary: Summary
    }

    struct Device: Sendable {
        let id: UUID
        let readings: Int
    }

    struct SilentDevice: Sendable {
        let id: UUID
        /// Of its newest reading before the end of the range, whatever the sensor.
        let lastReading: Timestamp?
    }

    enum CodingKeys: String, CodingKey {
        case from, to, resolution, readings, series, devices, quality, busiest, silent
        case sensors = "sensor_types"
        case silentDevices = "silent_devices"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(range.start, forKey: .from)
        try container.encode(range.end, forKey: .to)
        try container.encode(resolution, forKey: .resolution)
        try container.encode(readings, forKey: .readings)
        try container.encode(series, forKey: .series)
        try container.encode(devices, forKey: .devices)
        try container.encode(qualities?.named, forKey: .quality)
        try container.encode(sensors, forKey: .sensors)
        try container.encode(busiest, forKey: .busiest)
        try container.encode(silent, forKey: .silent)
        try container.encode(silentDevices, forKey: .silentDevices)
    }
}

extension ReadingSummary.Sensor: Encodable {
    enum CodingKeys: String, CodingKey {
        case unit, series, devices, readings, min, mean, max
        case sensorType = "sensor_type"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(sensorType, forKey: .sensorType)
        try container.encode(unit, forKey: .unit)
        try container.encode(series, forKey: .series)
        try container.encode(devices, forKey: .devices)
        try container.encode(readings, forKey: .readings)
        try container.encode(summary.min?.finite, forKey: .min)
        try container.encode(summary.mean, forKey: .mean)
        try container.encode(summary.max?.finite, forKey: .max)
    }
}

extension ReadingSummary.Device: Encodable {
    enum CodingKeys: String, CodingKey {
        case id = "device_id"
        case readings
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(readings, forKey: .readings)
    }
}

extension ReadingSummary.SilentDevice: Encodable {
    enum CodingKeys: String, CodingKey {
        case id = "device_id"
        case lastReading = "last_reading"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(lastReading, forKey: .lastReading)
    }
}

extension [Quality: Int] {
    /// All qualities by their names.
    var named: [String: Int] { [String: Int](uniqueKeysWithValues: Quality.allCases.map { ($0.name, self[$0] ?? 0) }) }
}
