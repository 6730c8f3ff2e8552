import FoundationEssentials
import Postgres

/// Where a reading stands in an export, by what every row has: its device, then its sensor, then its time.
///
/// Written `<device_id>,<sensor_type>,<timestamp>`; only the sensor type may have commas of its own.
struct ReadingPosition: Sendable, Equatable, LosslessStringConvertible {
    let device: UUID
    let sensorType: String
    let time: Timestamp

    init?(_ text: String) {
        guard let first = text.firstIndex(of: ","), let last = text.lastIndex(of: ","), first < last,
            let device = UUID(uuidString: String(text[..<first])),
            let time = Timestamp(rfc3339: String(text[text.index(after: last)...]))
        else { return nil }
        self.device = device
        sensorType = String(text[text.index(after: first)..<last])
        self.time = time
    }

    var description: String { "\(device.uuidString.lowercased()),\(sensorType),\(time.rfc3339)" }
}
