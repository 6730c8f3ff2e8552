import HTTPKit
import Postgres
import Testing

@testable import ReadingsService

struct CSVReadingsParserTests {
    private let now = ReadingsFormat.arrival.microseconds

    @Test func `the header tells what the cells are, in any order, and an empty cell is not there`() throws {
        let columns = try ReadingsFormat.csv.parse(
            #"""
            value,note,sensor_type,unit,timestamp,battery_level,location
            21.5,x,temperature,°C,1795460400000,88,
            true,,door_open,,,,"{""room"": 7}"
            "A, ""7""",,label,,,,Lab 3

            """#)
        #expect(columns.rejections == [])
        #expect(columns.sensors.map(\.name) == ["temperature", "door_open", "label"])
        #expect(columns.sensors.map(\.kind) == [.number, .boolean, .text])
        #expect(columns.sensors.map(\.unit) == [MeasurementUnit("°C"), nil, nil])
        #expect(columns.texts == [2: #"A, "7""#])
        #expect(columns.times == [1_795_460_400_000_000, now, now])
        let attributes = columns.attributes.mapValues { String(decoding: $0.bytes, as: UTF8.self) }
        #expect(
            attributes == [
                0: #"{"battery_level":88.0}"#, 1: #"{"location":{"room": 7}}"#, 2: #"{"location":"Lab 3"}"#,
            ])
    }

    @Test(arguments: [
        (",1,,", "sensor_type"), ("t,,,", "value"), ("t,NaN,,", "value"), ("t,-inf,,", "value"),
        ("t,Infinity,,", "value"),
        ("t,1e400,,", "value"), ("t,+5,,", "value"), ("t,.5,,", "value"), ("t,0x1p3,,", "value"), ("t,007,,", "value"),
        ("t,1,yesterday,", "timestamp"), ("t,1,2026-11-23T19:00:00,", "timestamp"), ("t,1,1e400,", "timestamp"),
        ("t,1,2036-11-23T19:00:00Z,", "timestamp"), ("t,1,86400,", "timestamp"), ("t,1,,good ", "quality"),
        ("t,1", ""), ("t,1,,,", ""), ("\"t\"x,1,,", ""), ("t,\(String(repeating: "x", count: 1025)),,", "value"),
    ])
    func `a record that breaks a rule is rejected by itself`(record: String, field: String) throws {
        let columns = try ReadingsFormat.csv.parse("sensor_type,value,timestamp,quality\r\n\(record)\r\nok,2,,\r\n")
        #expect(columns.rejections.map(\.index) == [0])
        #expect(columns.rejections.map(\.field) == [field])
        #expect(columns.values == [2] && columns.positions == [1])
    }

    @Test(arguments: ["{\"a\":", "[1e999]", "{\"a\":\"\\u0000\"}", "{} {}", "\"x"])
    func `metadata that begins as JSON has to be JSON that can be stored`(cell: String) throws {
        let quoted = "\"" + cell.replacing("\"", with: "\"\"") + "\""
        let columns = try ReadingsFormat.csv.parse("sensor_type,value,metadata\nt,1,\(quoted)")
        #expect(columns.rejections.map(\.field) == ["metadata"])
    }

    @Test func `what is no CSV is refused`() {
        #expect(throws: CSVError.noHeader) { try ReadingsFormat.csv.parse("\n\n") }
        #expect(throws: CSVError.header(.openQuote)) { try ReadingsFormat.csv.parse("\"sensor_type,value\nt,1") }
        #expect(throws: CSVError.notUTF8) {
            try [0x74, 0xFF].withUnsafeBufferPointer { try ReadingsFormat.csv.parse($0, now: .now) }
        }
    }
}
