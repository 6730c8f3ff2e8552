import FoundationEssentials
import HTTPKit
import Hummingbird
import NIOCore
import Postgres

/// A page of readings, written without an encoder, since charts ask for a thousand at a time.
struct ReadingPage: ResponseGenerator {
    let items: [ReadingView]
    /// Where the next page begins; nil on the last one.
    let nextCursor: String?

    func response(from request: Request, context: some RequestContext) -> Response {
        Response(status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: json()))
    }

    func json() -> ByteBuffer {
        var json = ByteBuffer()
        json.reserveCapacity(64 + items.count * 256)
        json.writeString(#"{"items":["#)
        var label: Label?
        for (index, reading) in items.enumerated() {
            if index > 0 { json.writeString(",") }
            if label?.isOf(reading) != true { label = Label(reading) }
            if let label { json.write(reading, label) }
        }
        json.writeString(#"],"next_cursor":"#)
        json.writeString(nextCursor.map(JSONText.quoted) ?? "null")
        json.writeString("}")
        return json
    }
}

/// What readings of one sensor have in common, written once for those that follow each other.
private struct Label {
    private let deviceID: UUID
    private let sensorType: String
    private let unit: String
    let device: String
    let sensor: String
    let unitAndValue: String

    init(_ reading: ReadingView) {
        (deviceID, sensorType, unit) = (reading.deviceID, reading.sensorType, reading.unit)
        device = "\"device_id\":\"\(deviceID.text)\","
        sensor = "\",\"sensor_type\":\(JSONText.quoted(sensorType)),\"timestamp\":\""
        unitAndValue = "\",\"unit\":\(JSONText.quoted(unit)),\"value\":"
    }

    func isOf(_ reading: ReadingView) -> Bool {
        deviceID == reading.deviceID && sensorType == reading.sensorType && unit == reading.unit
    }
}

extension ByteBuffer {
    /// Members come in the order of their names, as in all answers.
    fileprivate mutating func write(_ reading: ReadingView, _ label: Label) {
        writeString("{")
        if let level = reading.attributes.batteryLevel {
            writeString("\"battery_level\":\(JSONText.number(level)),")
        }
        writeString(label.device)
        write(reading.attributes.location, named: "location")
        write(reading.attributes.metadata, named: "metadata")
        writeString(#""quality":""#)
        writeString(reading.quality.name)
        writeString(label.sensor)
        writeString(reading.timestamp.rfc3339)
        writeString(label.unitAndValue)
        switch reading.value {
        case .number(let value): writeString(JSONText.number(value))
        case .boolean(let value): writeString(value ? "true" : "false")
        case .text(let value): writeString(JSONText.quoted(value))
        }
        writeString("}")
    }

    private mutating func write(_ document: JSONB?, named name: StaticString) {
        guard let document else { return }
        writeString("\"\(name)\":")
        writeBytes(document.bytes)
        writeString(",")
    }
}
