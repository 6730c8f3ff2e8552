import EventBus
import FoundationEssentials
import Kernel

/// A reading as dashboards are shown it.
enum LiveReading {
    /// The frames of a batch, by organization.
    static func frames(of batch: StoredBatch, for organizations: Set<UUID>) -> [UUID: [LiveStream.Frame]] {
        var frames: [UUID: [LiveStream.Frame]] = [:]
        for reading in batch.readings where organizations.contains(reading.organizationID) {
            frames[reading.organizationID, default: []].append(
                LiveStream.Frame(deviceID: reading.deviceID, sensorType: reading.sensorType, json: json(reading)))
        }
        return frames
    }

    private static func json(_ reading: StoredReading) -> [UInt8] {
        let value = JSONText.value(reading.value, text: reading.text, kind: reading.kind)
        let quality = Quality(rawValue: reading.quality) ?? .good
        return Array(
            """
            {"device_id":"\(reading.deviceID.text)","sensor_type":\(JSONText.quoted(reading.sensorType)),\
            "value":\(value),"unit":\(JSONText.quoted(reading.unit)),"timestamp":"\(reading.time.rfc3339)",\
            "quality":"\(quality.name)"}
            """.utf8)
    }
}
