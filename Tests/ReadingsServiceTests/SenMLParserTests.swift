import Postgres
import Testing

@testable import ReadingsService

struct SenMLParserTests {
    private let now = ReadingsFormat.arrival.microseconds

    @Test func `base fields hold for their record and those behind it, until they are said anew`() throws {
        let columns = try ReadingsFormat.senml.parse(
            """
            [{"v": 1.5, "bn": "urn:dev:mac:0024befffe804ff1/", "bt": 1795460400, "bu": "Cel", "bv": 20, "n": "temperature"},
             {"n": "temperature", "t": -5.5, "v": -1},
             {"n": "humidity", "u": "%RH", "v": 20},
             {"bn": "urn:dev:ow:10e2073a01080063:", "bu": "", "bt": 1795460000, "bv": 0},
             {"n": "door", "vb": true},
             {"n": "label", "vs": "A-7", "t": 1}]
            """)
        #expect(columns.rejections == [])
        #expect(columns.sensors.map(\.name) == ["temperature", "humidity", "door", "label"])
        #expect(columns.sensors.map { $0.unit?.symbol } == ["°C", "%", "", ""])
        #expect(columns.sensors.map(\.kind) == [.number, .number, .boolean, .text])
        #expect(columns.values.prefix(4) == [21.5, 19, 40, 1])
        #expect(columns.texts == [4: "A-7"])
        #expect(
            columns.times == [
                1_795_460_400_000_000, 1_795_460_394_500_000, 1_795_460_400_000_000, 1_795_460_000_000_000,
                1_795_460_001_000_000,
            ])
        #expect(columns.positions == [0, 1, 2, 4, 5])
    }

    @Test(
        arguments: [
            ("", 0), (#""t":0,"#, 0), (#""t":-60,"#, -60_000_000), (#""t":2.5,"#, 2_500_000),
            (#""bt":-10,"t":-1,"#, -11_000_000),
            (#""t":-268435455,"#, nil), (#""t":601,"#, nil), (#""t":268435456,"#, nil), (#""t":1e400,"#, nil),
            (#""t":-1e300,"#, nil), (#""t":"now","#, nil),
        ] as [(String, Int64?)])
    func `a time below 2 to the 28th is from now`(time: String, offset: Int64?) throws {
        let columns = try ReadingsFormat.senml.parse("[{\(time)\"n\":\"t\",\"v\":1}]")
        // -268435455 s is 8.5 years ago.
        #expect(columns.times == (offset.map { [now + $0] } ?? []))
        #expect(columns.rejections.map(\.field) == (offset == nil ? ["timestamp"] : []))
    }

    @Test(arguments: [
        (#""n":"b""#, "sensor_type"), (#""u":"lx""#, "unit"), (#""t":-2"#, "timestamp"), (#""v":2"#, "value"),
        (#""vb":true"#, "value"),
    ])
    func `a field that is there twice rejects its reading`(field: String, name: String) throws {
        let columns = try ReadingsFormat.senml.parse("[{\"n\":\"a\",\"u\":\"m\",\"t\":-1,\"v\":1,\(field)}]")
        #expect(columns.rejections == [Rejection(index: 0, field: name, message: "must be there once")])
    }

    @Test(arguments: [
        ("a", "a"), ("urn:dev:mac:1:temp", "temp"), ("a/b/c-d_e.f", "c-d_e.f"), ("a:b/c", "c"), ("a/b:c", "c"),
    ])
    func `the sensor is what follows the last colon or slash`(name: String, sensor: String) throws {
        let columns = try ReadingsFormat.senml.parse("[{\"n\":\"\(name)\",\"v\":1}]")
        #expect(columns.sensors.map(\.name) == [sensor])
    }

    @Test(arguments: [
        ("Cel", "°C"), ("%RH", "%"), ("%EL", "%"), ("/", "ratio"), ("lx", "lx"), ("C", "coulomb"), ("F", "farad"),
    ])
    func `units are named as everywhere`(unit: String, symbol: String) throws {
        let columns = try ReadingsFormat.senml.parse("[{\"n\":\"x\",\"v\":1,\"u\":\"\(unit)\"}]")
        #expect(columns.sensors.map { $0.unit?.symbol } == [symbol])
    }

    @Test(arguments: [
        ("7", ""), (#"{"n":"t"}"#, "value"), (#"{"n":"t","s":5}"#, "value"), (#"{"n":"t","vd":"aGk"}"#, "value"),
        (#"{"n":"t","v":1,"vb":true}"#, "value"), (#"{"n":"t","v":1,"v":2}"#, "value"),
        (#"{"n":"t","v":"1"}"#, "value"),
        (#"{"n":"t","v":1e400}"#, "value"), (#"{"n":"t","v":null}"#, "value"), (#"{"n":"t","vs":1}"#, "value"),
        (#"{"n":"t","vb":1}"#, "value"), (#"{"v":1}"#, "sensor_type"), (#"{"n":"a/","v":1}"#, "sensor_type"),
        (#"{"n":"_a","v":1}"#, "sensor_type"), (#"{"n":"a b","v":1}"#, "sensor_type"),
        (#"{"n":7,"v":1}"#, "sensor_type"),
        (#"{"n":"t","v":1,"u":7}"#, "unit"), (#"{"n":"t","v":1,"t":[]}"#, "timestamp"),
    ])
    func `a record that breaks a rule is rejected by itself`(record: String, field: String) throws {
        let columns = try ReadingsFormat.senml.parse(#"[\#(record), {"n":"ok","v":2}]"#)
        #expect(columns.rejections.map(\.index) == [0])
        #expect(columns.rejections.map(\.field) == [field])
        #expect(columns.values == [2] && columns.positions == [1])
    }

    @Test func `the record behind a rejected one is read as it stands`() throws {
        let columns = try ReadingsFormat.senml.parse(#"[{"n":7,"t":"x","v":1,"bn":"lab:"},{"n":"t","v":2,"x":[{}]}]"#)
        #expect(columns.sensors.map(\.name) == ["t"])
        #expect(columns.values == [2])
    }

    @Test(arguments: [
        (#"{"bn":7}"#, "[1].bn"), (#"{"bt":"x"}"#, "[1].bt"), (#"{"bt":1e400}"#, "[1].bt"), (#"{"bv":true}"#, "[1].bv"),
        (#"{"bu":null}"#, "[1].bu"), (#"{"bver":11}"#, "[1].bver"), (#"{"n":"t","v":1,"x_":1}"#, "[1].x_"),
        (#"{"bn":"\#(String(repeating: "a", count: 257))"}"#, "[1].bn"),
    ])
    func `what others depend on and cannot be used fails the request`(record: String, field: String) {
        let failure = #expect(throws: BodyFailure.self) {
            try ReadingsFormat.senml.parse(#"[{"n":"t","v":1},\#(record)]"#)
        }
        guard case .invalid(field, _) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }
}
