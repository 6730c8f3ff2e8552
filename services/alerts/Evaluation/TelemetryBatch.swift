import FoundationEssentials
import Postgres

/// An entry of a telemetry stream: a committed batch, as far as its devices belong to the partition, in columns.
struct TelemetryBatch: Decodable {
    let devices: [UUID]
    /// The organization of each of `devices`.
    let organizations: [UUID]
    let sensors: [String]
    /// Per reading: where its device stands in `devices`, and its sensor in `sensors`.
    let device: [Int]
    let sensor: [Int]
    /// Per reading: microseconds since 1970 UTC.
    let time: [Int64]
    /// Per reading; null for a text, which no threshold rule looks at.
    let value: [Double?]

    /// - Throws: `DecodingError` for what is not JSON of this shape, or whose columns do not fit together.
    init(json: [UInt8]) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(json))
        let isConsistent =
            organizations.count == devices.count && device.count == time.count && sensor.count == time.count
            && value.count == time.count && device.allSatisfy(devices.indices.contains)
            && sensor.allSatisfy(sensors.indices.contains)
        guard isConsistent else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "the columns of the batch do not fit together"))
        }
    }

    /// The numeric readings of the sensors that are wanted, each sensor's in the order of time.
    func readings(where isWanted: (SensorKey) -> Bool) -> [SensorKey: [Reading]] {
        var decisions: [Int: Bool] = [:]
        var groups: [Int: [Reading]] = [:]
        for index in time.indices {
            guard let value = value[index] else { continue }
            let group = device[index] * sensors.count + sensor[index]
            let wanted = decisions[group] ?? isWanted(key(of: group))
            decisions[group] = wanted
            guard wanted else { continue }
            groups[group, default: []].append(Reading(time: Timestamp(microseconds: time[index]), value: value))
        }
        let sorted = groups.map { (key(of: $0.key), $0.value.sorted { $0.time < $1.time }) }
        return Dictionary(sorted) { $0 + $1 }
    }

    private func key(of group: Int) -> SensorKey {
        let (device, sensor) = group.quotientAndRemainder(dividingBy: sensors.count)
        return SensorKey(
            organizationID: organizations[device], deviceID: devices[device], sensorType: sensors[sensor])
    }
}
