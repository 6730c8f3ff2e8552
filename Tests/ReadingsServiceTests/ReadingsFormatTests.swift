import HTTPKit
import Postgres
import Testing

@testable import ReadingsService

extension ReadingsFormat {
    /// 2026-11-23T19:27:00.123456Z.
    static let arrival = Timestamp(microseconds: 1_795_462_020_123_456)

    func parse(_ text: String) throws -> ReadingColumns {
        try Array(text.utf8).withUnsafeBufferPointer { try parse($0, now: Self.arrival) }
    }
}

struct ReadingsFormatTests {
    @Test(
        arguments: [
            (nil, .json), ("application/json", .json), ("application/problem+json", .json),
            ("application/x-ndjson; charset=utf-8", .ndjson), ("Text/CSV", .csv), ("application/senml+json", .senml),
        ] as [(String?, ReadingsFormat)])
    func `the content type tells the format`(contentType: String?, format: ReadingsFormat) {
        #expect(ReadingsFormat(contentType: contentType) == format)
    }

    @Test(
        arguments: [
            (
                .json,
                #"{"readings":[{"sensor_type":"t","value":21.5,"unit":"°C","timestamp":1795460400,"quality":"fair"}]}"#
            ),
            (
                .ndjson,
                #"{"sensor_type":"t","value":21.5,"unit":"°C","timestamp":"2026-11-23T19:00:00Z","quality":"fair"}"#
            ),
            (.csv, "timestamp,sensor_type,value,unit,quality\n2026-11-23T19:00:00Z,t,21.5,°C,fair"),
        ] as [(ReadingsFormat, String)])
    func `the same reading is the same in every format`(format: ReadingsFormat, body: String) throws {
        let columns = try format.parse(body)
        #expect(columns.sensors.map(\.name) == ["t"])
        #expect(columns.sensors[0].unit == MeasurementUnit("°C") && columns.sensors[0].kind == .number)
        #expect(columns.values == [21.5])
        #expect(columns.times == [1_795_460_400_000_000])
        #expect(columns.qualities == [Quality.fair.rawValue])
        #expect(columns.positions == [0] && columns.rejections.isEmpty)
    }

    /// A body of so many readings.
    private func body(_ format: ReadingsFormat, _ count: Int) -> String {
        func list(_ separator: String, _ reading: (Int) -> String) -> String {
            (0..<count).map(reading).joined(separator: separator)
        }
        return switch format {
        case .json: #"{"readings":[\#(list(",") { #"{"sensor_type":"t","value":\#($0)}"# })]}"#
        case .ndjson: list("\n") { #"{"sensor_type":"t","value":\#($0)}"# }
        case .csv: "sensor_type,value\n" + list("\n") { "t,\($0)" }
        case .senml: #"[{"bn":"t"},\#(list(",") { #"{"v":\#($0)}"# })]"#
        }
    }

    @Test(arguments: ReadingsFormat.allCases)
    func `as many readings as are allowed are taken, and one more is refused`(format: ReadingsFormat) throws {
        #expect(try format.parse(body(format, 1000)).values == (0..<1000).map(Double.init))
        let failure = #expect(throws: BodyFailure.self) { try format.parse(body(format, 1001)) }
        guard case .invalid(_, "must have at most 1000 readings") = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test(
        arguments: [
            (.json, #"{"readings":[]}"#), (.json, "[]"), (.ndjson, ""), (.ndjson, " \r\n\n"),
            (.csv, "sensor_type,value\n"),
            (.csv, "value\n1"), (.csv, "sensor_type\nt"), (.csv, "sensor_type,value,value\nt,1,2"), (.senml, "[]"),
            (.senml, "{}"), (.senml, #"[{"bn":"t","bt":1795460400}]"#),
        ] as [(ReadingsFormat, String)])
    func `no readings at all, and another shape, are invalid`(format: ReadingsFormat, body: String) {
        let failure = #expect(throws: BodyFailure.self) { try format.parse(body) }
        guard case .invalid = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test(
        arguments: [
            (.json, #"{"readings":[{"sensor_type":"t"#), (.json, "x"), (.senml, #"[{"n":"t","v":1}"#), (.senml, ""),
        ]
            as [(ReadingsFormat, String)])
    func `a body that is cut off is not JSON`(format: ReadingsFormat, body: String) {
        let failure = #expect(throws: BodyFailure.self) { try format.parse(body) }
        guard case .notJSON = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }
}

struct ReadingTimeTests {
    /// Each as a number of JSON, or in quotes; and what it stands for in microseconds, nil for what is refused.
    @Test(
        arguments: [
            ("1795460400", 1_795_460_400_000_000), ("1795460400.25", 1_795_460_400_250_000),
            ("1795460400000", 1_795_460_400_000_000), ("1795460400000000", 1_795_460_400_000_000),
            ("1.7954604e9", 1_795_460_400_000_000), (#""2026-11-23T19:00:00Z""#, 1_795_460_400_000_000),
            (#""2026-11-23t21:00:00.5+02:00""#, 1_795_460_400_500_000),
            (#""2026-11-23T19:37:00Z""#, 1_795_462_620_000_000), (#""2026-11-23T19:38:00Z""#, nil),
            (#""2021-11-23T19:00:00Z""#, 1_637_694_000_000_000), (#""2021-11-01T00:00:00Z""#, nil),
            // Without an offset nobody knows when that is.
            (#""2026-11-23T19:00:00""#, nil), (#""2026-11-23""#, nil), (#""2026-11-31T19:00:00Z""#, nil),
            (#""1795460400""#, nil), (#""""#, nil), ("1e400", nil), ("-1e400", nil), ("1e18", nil), ("9.3e18", nil),
            ("-1", nil), ("0", nil), ("true", nil), ("[]", nil),
        ] as [(String, Int64?)])
    func `a time is RFC 3339, or a number whose magnitude tells its unit`(time: String, expected: Int64?) throws {
        let reading = #"{"sensor_type":"t","value":1,"timestamp":\#(time)}"#
        for (format, body) in [(ReadingsFormat.json, "{\"readings\":[\(reading)]}"), (.ndjson, reading)] {
            let columns = try format.parse(body)
            #expect(columns.times == (expected.map { [$0] } ?? []), "\(format)")
            #expect(columns.rejections.map(\.field) == (expected == nil ? ["timestamp"] : []), "\(format)")
        }
    }
}
