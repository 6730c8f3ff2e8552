import FoundationEssentials
import Postgres
import Redis

/// Where rules stand with a device, as it is stored: with short keys that never change their meaning.
struct DeviceRecord: Codable, Sendable, Hashable {
    struct Entry: Codable, Sendable, Hashable {
        let ruleID: UUID
        let sensorType: String
        let state: RuleState

        enum CodingKeys: String, CodingKey {
            case ruleID = "i"
            case sensorType = "n"
            case state = "s"
        }
    }

    /// Of each sensor: the time of the newest reading, and when it came, in microseconds since 1970 UTC.
    let sensors: [String: [Int64]]
    /// What does not follow from these.
    let entries: [Entry]
    /// The id of the entry of which not all has been taken.
    let unfinished: String?

    enum CodingKeys: String, CodingKey {
        case sensors = "n"
        case entries = "r"
        case unfinished = "u"
    }
}

extension DeviceRecord {
    init(_ device: DeviceState) {
        sensors = device.sensors.compactMapValues { sensor in
            guard let reading = sensor.lastReading, let seen = sensor.lastSeen else { return nil }
            return [reading.microseconds, seen.microseconds]
        }
        let planned = device.sensors.values.flatMap(\.remarkable).map { rule, state in
            Entry(ruleID: rule.id, sensorType: rule.definition.sensorType, state: state)
        }
        let parked = device.parked.map { Entry(ruleID: $0.ruleID, sensorType: $0.sensorType, state: $1) }
        entries = planned + parked
        unfinished = device.unfinished?.description
    }
}

extension DeviceState {
    /// - Parameters:
    ///   - record: Nil for a device of which nothing is stored.
    ///   - position: Entries up to here are in the record.
    ///   - standing: The alerts that stand at the device, by what they are about.
    init(
        _ id: UUID, in organization: UUID, _ record: DeviceRecord?, through position: StreamID,
        profile: DeviceProfile?, standing: [RuleKey: UUID]
    ) {
        var parked: [RuleKey: RuleState] = [:]
        for entry in record?.entries ?? [] {
            parked[RuleKey(ruleID: entry.ruleID, deviceID: id, sensorType: entry.sensorType)] = entry.state
        }
        let sensors = (record?.sensors ?? [:]).compactMapValues { times -> SensorState? in
            guard times.count == 2 else { return nil }
            return SensorState(
                lastReading: Timestamp(microseconds: times[0]), lastSeen: Timestamp(microseconds: times[1]))
        }
        self.init(
            id: id, organizationID: organization, profile: profile, storedPosition: position, sensors: sensors,
            standing: standing.mapValues { StandingAlert(id: $0) }, parked: parked)
        unfinished = record?.unfinished.flatMap(StreamID.init)
    }
}
