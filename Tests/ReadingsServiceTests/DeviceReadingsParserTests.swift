import Postgres
import Testing

@testable import ReadingsService

struct DeviceReadingsParserTests {
    private let now = Timestamp(microseconds: 1_795_462_020_123_456)

    private func parse(_ json: String) throws -> ReadingColumns {
        try Array(json.utf8).withUnsafeBufferPointer { try DeviceReadingsParser.parse($0, now: now) }
    }

    private func parse(reading: String) throws -> ReadingColumns {
        try parse("{\"readings\": [\(reading)]}")
    }

    @Test func `readings become columns, with a sensor named once`() throws {
        let columns = try parse(
            """
            {"readings": [
              {"sensor_type": "temperature", "value": 21.5, "unit": "°C", "timestamp": "2026-11-23T19:00:00Z"},
              {"sensor_type": "humidity", "value": 40, "unit": "%", "quality": "excellent"},
              {"sensor_type": "temperature", "value": 21.6, "unit": "°C", "timestamp": 1795460400},
              {"sensor_type": "door_open", "value": true},
              {"sensor_type": "label", "value": "A-7"}
            ]}
            """)
        #expect(columns.count == 5)
        #expect(columns.sensors.map(\.name) == ["temperature", "humidity", "door_open", "label"])
        #expect(columns.sensors.map(\.kind) == [.number, .number, .boolean, .text])
        #expect(columns.sensor == [0, 1, 0, 2, 3])
        #expect(columns.values.prefix(4) == [21.5, 40, 21.6, 1] && columns.values[4].isNaN)
        #expect(columns.texts == [4: "A-7"])
        #expect(columns.qualities == [2, 1, 2, 2, 2])
        #expect(columns.times[0] == columns.times[2] && columns.times[1] == now.microseconds)
        #expect(columns.rejections.isEmpty)
    }

    @Test func `the top level's time and battery hold for readings without, wherever they stand`() throws {
        let columns = try parse(
            """
            {"readings": [{"sensor_type": "t", "value": 1},
                          {"sensor_type": "t", "value": 2, "timestamp": 1795460400000, "battery_level": 5}],
             "timestamp": "2026-11-23T19:10:00Z", "battery_level": 88}
            """)
        #expect(columns.times == [1_795_461_000_000_000, 1_795_460_400_000_000])
        #expect(columns.attributes[0].map { String(decoding: $0.bytes, as: UTF8.self) } == #"{"battery_level":88.0}"#)
        #expect(columns.attributes[1].map { String(decoding: $0.bytes, as: UTF8.self) } == #"{"battery_level":5.0}"#)
    }

    @Test func `the top level's battery joins what else a reading has`() throws {
        let columns = try parse(
            #"{"readings":[{"sensor_type":"t","value":1,"metadata":{"a":1}}],"battery_level":88}"#)
        let attributes = columns.attributes[0].map { String(decoding: $0.bytes, as: UTF8.self) }
        #expect(attributes == #"{"battery_level":88.0,"metadata":{"a":1}}"#)
    }

    @Test(arguments: [
        #""timestamp":1795460400000"#, #""battery_level":5"#, #""wifi_signal_strength":-61"#,
        #""device_temperature":40"#, #""device_id":"a""#,
    ])
    func `what holds for all readings stands there once`(field: String) {
        let name = String(field.dropFirst().prefix { $0 != "\"" })
        #expect(throws: BodyFailure.invalid(field: name, message: "must be there once")) {
            try parse(#"{\#(field),"readings":[{"sensor_type":"t","value":1}],\#(field)}"#)
        }
    }

    @Test func `the device's vitals are series of their own and no readings of the list`() throws {
        let columns = try parse(
            #"{"readings":[{"sensor_type":"t","value":1}],"wifi_signal_strength":-61,"device_temperature":40.5}"#)
        #expect(columns.sensors.map(\.name) == ["t", "wifi_signal_strength", "device_temperature"])
        #expect(columns.positions == [0, -1, -1])
        #expect(columns.values == [1, -61, 40.5])
    }

    @Test func `a name is the same with escapes`() throws {
        let columns = try parse(#"{"\u0072eadings": [{"sensor\u005ftype": "t", "value": 1, "n\u00e9": 2, "é": 3}]}"#)
        #expect(columns.sensors.map(\.name) == ["t"] && columns.rejections.isEmpty)
    }

    @Test(arguments: [
        (#"{"value": 1}"#, "sensor_type"), (#"{"sensor_type": "", "value": 1}"#, "sensor_type"),
        (#"{"sensor_type": 7, "value": 1}"#, "sensor_type"), (#"{"sensor_type": "t"}"#, "value"),
        (#"{"sensor_type": "t", "value": null}"#, "value"), (#"{"sensor_type": "t", "value": 1e999}"#, "value"),
        (#"{"sensor_type": "t", "value": [1]}"#, "value"), (#"{"sensor_type": "t", "value": "a\u0000b"}"#, "value"),
        (#"{"sensor_type": "t", "value": 1, "unit": 5}"#, "unit"),
        (#"{"sensor_type": "t", "value": 1, "quality": "fine"}"#, "quality"),
        (#"{"sensor_type": "t", "value": 1, "timestamp": "yesterday"}"#, "timestamp"),
        (#"{"sensor_type": "t", "value": 1, "timestamp": true}"#, "timestamp"),
        (#"{"sensor_type": "t", "value": 1, "timestamp": "2026-11-23T19:38:00Z"}"#, "timestamp"),
        (#"{"sensor_type": "t", "value": 1, "timestamp": "2021-11-01T00:00:00Z"}"#, "timestamp"),
        (#"{"sensor_type": "t", "value": 1, "battery_level": 101}"#, "battery_level"),
        (#"{"sensor_type": "t", "value": 1, "metadata": {"a": "\u0000"}}"#, "metadata"),
        (#"{"sensor_type": "t", "value": true, "value": 5}"#, "value"),
        (#"{"sensor_type": "t", "sensor_type": "u", "value": 5}"#, "sensor_type"),
        (#"{"sensor_type": "t", "value": 1, "metadata": [1e999999]}"#, "metadata"),
        ("17", ""),
    ])
    func `a reading that breaks a rule is rejected with its field`(reading: String, field: String) throws {
        let columns = try parse(reading: reading + #", {"sensor_type": "ok", "value": 1}"#)
        #expect(columns.rejections.map(\.index) == [0])
        #expect(columns.rejections.map(\.field) == [field])
        #expect(columns.count == 1)
    }

    @Test(arguments: [
        ("[]", ""), ("{}", "readings"), (#"{"readings": []}"#, "readings"), (#"{"readings": {}}"#, "readings"),
        (#"{"readings": [{"sensor_type":"t","value":1}], "battery_level": "full"}"#, "battery_level"),
        (#"{"readings": [{"sensor_type":"t","value":1}], "timestamp": "x"}"#, "timestamp"),
        (#"{"readings": [{"sensor_type":"t","value":1}], "readings": []}"#, "readings"),
    ])
    func `a request of another shape fails with its field`(json: String, field: String) {
        let failure = #expect(throws: BodyFailure.self) { try parse(json) }
        guard case .invalid(field: field, message: _) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test(arguments: [
        "", "{", #"{"readings": [}"#, #"{"readings": [{"sensor_type": "t" "value": 1}]}"#, "nul", #"{"\x": 1}"#,
        #"{"readings": [{"\ud800": 1}]}"#, #"{"readings": [{"sensor_type": "t", "value": 1}]} x"#,
    ])
    func `what is not JSON fails`(json: String) {
        let failure = #expect(throws: BodyFailure.self) { try parse(json) }
        guard case .notJSON = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }
}

struct MeasurementUnitTests {
    @Test(arguments: [
        ("°C", "°F", 100.0, 212.0), ("°F", "°C", -40, -40), ("Cel", "K", 0, 273.15), ("mbar", "hPa", 1013.25, 1013.25),
        ("psi", "kPa", 1, 6.894757293168), ("ppm", "%", 400, 0.04), ("kWh", "J", 1, 3_600_000),
    ])
    func `units of one dimension convert`(from: String, to: String, value: Double, expected: Double) throws {
        let conversion = try #require(MeasurementUnit(from).conversion(to: MeasurementUnit(to)))
        #expect(abs(conversion(value) - expected) < 1e-9 * max(1, abs(expected)))
    }

    @Test func `units of different dimensions, and unknown ones, do not convert`() {
        #expect(MeasurementUnit("°C").conversion(to: MeasurementUnit("hPa")) == nil)
        #expect(MeasurementUnit("widgets").conversion(to: MeasurementUnit("°C")) == nil)
        #expect(MeasurementUnit("widgets").conversion(to: MeasurementUnit("widgets")) == .identity)
    }
}
