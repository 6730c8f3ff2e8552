import EventBus
import FoundationEssentials
import Kernel
import Postgres

/// One entry of a partition stream: the rows of a batch whose devices belong to the partition, in columns.
///
///     {"batch_id": 7, "devices": ["…"], "organizations": ["…"], "sensors": ["temperature"],
///      "device": [0, 0], "sensor": [0, 0], "time": [1732400000000000, …], "value": [21.5, null], "quality": [2, 2]}
///
/// `device` and `sensor` are indices; `organizations` stands beside `devices`; `time` is microseconds since 1970;
/// booleans are 1 and 0, and text has no value.
struct TelemetryEntry {
    let partition: Int
    let json: [UInt8]

    static func entries(for batch: StoredBatch) -> [TelemetryEntry] {
        var columns: [Int: Columns] = [:]
        for reading in batch.readings {
            columns[StreamName.telemetryPartition(of: reading.deviceID), default: Columns()].append(reading)
        }
        return columns.sorted { $0.key < $1.key }.map {
            TelemetryEntry(partition: $0.key, json: $0.value.json(batch.id))
        }
    }

    private struct Columns {
        private var devices = Interned<UUID>()
        private var organizations: [UUID] = []
        private var sensors = Interned<String>()
        private var device: [UInt8] = []
        private var sensor: [UInt8] = []
        private var time: [UInt8] = []
        private var value: [UInt8] = []
        private var quality: [UInt8] = []

        mutating func append(_ reading: StoredReading) {
            if device.isEmpty == false {
                for column in [\Columns.device, \.sensor, \.time, \.value, \.quality] {
                    self[keyPath: column].append(UInt8(ascii: ","))
                }
            }
            let index = devices.index(of: reading.deviceID)
            if index == organizations.count { organizations.append(reading.organizationID) }
            device += "\(index)".utf8
            sensor += "\(sensors.index(of: reading.sensorType))".utf8
            time += "\(reading.time.microseconds)".utf8
            if reading.value.isNaN { value += "null".utf8 } else { value += "\(reading.value)".utf8 }
            quality += "\(reading.quality)".utf8
        }

        func json(_ batchID: Int64) -> [UInt8] {
            var json = Array("{\"batch_id\":\(batchID),\"devices\":[".utf8)
            json += devices.values.map { "\"\($0.text)\"" }.joined(separator: ",").utf8
            json += "],\"organizations\":[".utf8
            json += organizations.map { "\"\($0.text)\"" }.joined(separator: ",").utf8
            json += "],\"sensors\":[".utf8
            json += sensors.values.map { JSONText.quoted($0) }.joined(separator: ",").utf8
            for (name, column) in [
                ("device", device), ("sensor", sensor), ("time", time), ("value", value), ("quality", quality),
            ] {
                json += "],\"\(name)\":[".utf8
                json += column
            }
            json += "]}".utf8
            return json
        }
    }

    /// Gives each distinct value a number, in the order of their first appearance.
    private struct Interned<Value: Hashable> {
        private(set) var values: [Value] = []
        private var indices: [Value: Int] = [:]

        mutating func index(of value: Value) -> Int {
            if let index = indices[value] { return index }
            indices[value] = values.count
            values.append(value)
            return values.count - 1
        }
    }
}
