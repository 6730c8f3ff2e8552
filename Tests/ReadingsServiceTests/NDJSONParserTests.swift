import Postgres
import Testing

@testable import ReadingsService

struct NDJSONParserTests {
    @Test func `a line is a reading, whatever ends it, and empty lines are none`() throws {
        let columns = try ReadingsFormat.ndjson.parse(
            "\n{\"sensor_type\":\"t\",\"value\":1}\r\n\r\n  {\"sensor_type\":\"on\",\"value\":true}  \n"
                + "{\"sensor_type\":\"label\",\"value\":\"A-7\",\"metadata\":{\"a\":[1]}}")
        #expect(columns.sensors.map(\.name) == ["t", "on", "label"])
        #expect(columns.positions == [0, 1, 2])
        #expect(columns.texts == [2: "A-7"])
        #expect(columns.attributes[2].map { String(decoding: $0.bytes, as: UTF8.self) } == #"{"metadata":{"a":[1]}}"#)
        #expect(columns.times.allSatisfy { $0 == ReadingsFormat.arrival.microseconds })
    }

    @Test(arguments: [
        ("7", ""), ("{", ""), (#"{"sensor_type":"t","value":1} {}"#, ""), (#"{"sensor_type":"t","value":NaN}"#, ""),
        (#"{"sensor_type":"t","value":1,}"#, ""), ("{\"sensor_type\":\"t\",\"value\":1,\"\u{FFFD}\\x\":1}", ""),
        (#"{"sensor_type":"t","value":1e400}"#, "value"), (#"{"sensor_type":"t","value":1,"value":2}"#, "value"),
        (#"{"value":1}"#, "sensor_type"), (#"{"sensor_type":"t","value":1,"quality":"fine"}"#, "quality"),
        (#"{"sensor_type":"t","value":1,"metadata":{"a":1e99999}}"#, "metadata"),
        (#"{"sensor_type":"t","value":1,"location":[1e-99999]}"#, "location"),
        (#"{"sensor_type":"t","value":1,"metadata":[0.\#(String(repeating: "0", count: 400))1]}"#, "metadata"),
    ])
    func `a line that cannot be used is rejected by itself`(line: String, field: String) throws {
        let columns = try ReadingsFormat.ndjson.parse("\(line)\n{\"sensor_type\":\"ok\",\"value\":2}")
        #expect(columns.rejections.map(\.index) == [0])
        #expect(columns.rejections.map(\.field) == [field])
        #expect(columns.values == [2] && columns.positions == [1])
    }

    @Test func `a body that is cut off has the readings that came whole`() throws {
        let columns = try ReadingsFormat.ndjson.parse(
            "{\"sensor_type\":\"t\",\"value\":1}\n{\"sensor_type\":\"t\",\"val")
        #expect(columns.values == [1])
        #expect(columns.rejections == [Rejection(index: 1, field: "", message: "is not JSON")])
    }
}
