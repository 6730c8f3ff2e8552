import EventBus
import FoundationEssentials
import Postgres

extension TelemetryEntry {
    /// The numeric readings of the sensors that are wanted, each sensor's in the order of time.
    func readings(where isWanted: (SensorKey) -> Bool) -> [SensorKey: [Reading]] {
        var decisions: [Int: Bool] = [:]
        var groups: [Int: [Reading]] = [:]
        for index in 0..<count where !value[index].isNaN {
            let group = Int(device[index]) * sensorTypes.count + Int(sensorType[index])
            let wanted = decisions[group] ?? isWanted(key(of: group))
            decisions[group] = wanted
            guard wanted else { continue }
            groups[group, default: []].append(
                Reading(
                    time: Timestamp(microseconds: time[index]), value: value[index],
                    quality: Quality(rawValue: quality[index]) ?? .good))
        }
        let sorted = groups.map { (key(of: $0.key), $0.value.sorted { $0.time < $1.time }) }
        return Dictionary(sorted) { $0 + $1 }
    }

    private func key(of group: Int) -> SensorKey {
        let (device, sensor) = group.quotientAndRemainder(dividingBy: sensorTypes.count)
        return SensorKey(
            organizationID: organizations[device], deviceID: devices[device], sensorType: sensorTypes[sensor])
    }
}
