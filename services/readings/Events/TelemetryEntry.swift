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
        private var device = Column()
        private var sensor = Column()
        private var time = Column()
        private var value = Column()
        private var quality = Column()

        mutating func append(_ reading: StoredReading) {
            let index = devices.index(of: reading.deviceID)
            if index == organizations.count { organizations.append(reading.organizationID) }
            device.append(index)
            sensor.append(sensors.index(of: reading.sensorType))
            time.append(reading.time.microseconds)
            if reading.value.isNaN { value.append("null") } else { value.append(reading.value) }
            quality.append(reading.quality)
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
                json += column.json
            }
            json += "]}".utf8
            return json
        }
    }

    /// The elements of an array of numbers, with the commas between them.
    private struct Column {
        private(set) var json: [UInt8] = []

        mutating func append(_ number: some CustomStringConvertible) {
            if !json.isEmpty { json.append(UInt8(ascii: ",")) }
            json += number.description.utf8
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
