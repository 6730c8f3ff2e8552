import Foundation
import Postgres
import Testing

@testable import ReadingsService

/// Whatever comes, no parser crashes, and what one takes keeps the bounds and, if it is JSON, is what Foundation reads.
struct FuzzTests {
    private static let cases = 4000
    private static let patience = Duration.seconds(10)

    private static let bodies: [ReadingsFormat: [String]] = [
        .json: [
            #"{"readings":[{"sensor_type":"t","value":1.5,"unit":"°C","metadata":{"a":[1,"b"]}}],"battery_level":3}"#,
            #"{"readings":[{"sensor_type":"a","value":-2e-3},{"sensor_type":"b","value":true},{"sensor_type":"c","value":"x"}]}"#,
            #"{"timestamp":1795460400,"readings":[{"value":12345678901234567890,"sensor_type":"n\u00e9\ud83d\ude00"}]}"#,
        ],
        .ndjson: [
            "{\"sensor_type\":\"t\",\"value\":1.5}\n{\"sensor_type\":\"u\",\"value\":2}\n",
            "{\"sensor_type\":\"t\",\"value\":\"a\\n\",\"location\":{\"x\":[1]}}\r\n\r\n{\"sensor_type\":\"u\",\"value\":false}",
        ],
        .csv: [
            "sensor_type,value,timestamp,metadata\nt,1.5,1795460400,\"{\"\"a\"\": 1}\"\nu,on,,x\r\n",
            "\u{FEFF}value;sensor_type\n\"1\";t\ntrue;\"u;\"\n",
        ],
        .senml: [
            #"[{"bn":"urn:dev:1:","bt":1795460400,"bu":"Cel","n":"t","v":21.5},{"n":"u","vb":true},{"n":"w","vs":"x","t":-3}]"#,
            #"[{"n":"t","v":-1.25e2,"bv":0.5,"u":"%RH","s":1,"x":[{"y":null}]}]"#,
        ],
    ]

    @Test(arguments: ReadingsFormat.allCases)
    func `random, truncated, nested and repeated bytes do no harm`(format: ReadingsFormat) throws {
        let seed = UInt64.random(in: .min ... .max)
        var fuzz = Fuzz(seed: seed)
        let bodies = try #require(Self.bodies[format])
        let end = ContinuousClock.now.advanced(by: Self.patience)
        for number in 0..<Self.cases where ContinuousClock.now < end {
            let body = fuzz.body(from: bodies)
            guard let columns = try? body.withUnsafeBufferPointer({ try format.parse($0, now: ReadingsFormat.arrival) })
            else { continue }
            let fault = faults(of: columns) ?? difference(columns, body, format)
            #expect(fault == nil, "seed \(seed), body \(number), \(format): \(String(decoding: body, as: UTF8.self))")
        }
    }

    /// What no columns may be like.
    private func faults(of columns: ReadingColumns) -> String? {
        let counts = [columns.sensor.count, columns.values.count, columns.qualities.count, columns.positions.count]
        guard counts.allSatisfy({ $0 == columns.count }) else { return "columns of unlike length" }
        guard columns.count + columns.rejections.count <= ReadingLimits.readingsPerRequest + 2 else {
            return "too many"
        }
        for row in 0..<columns.count {
            let sensor = columns.sensors[Int(columns.sensor[row])]
            guard (1...ReadingLimits.sensorTypeBytes).contains(sensor.name.utf8.count) else {
                return "sensor \(sensor.name)"
            }
            guard ReadingTime.violation(columns.times[row], now: ReadingsFormat.arrival) == nil else { return "time" }
            guard columns.values[row].isFinite != (sensor.kind == .text) else { return "value \(columns.values[row])" }
            guard (columns.texts[row] != nil) == (sensor.kind == .text) else { return "text of \(sensor.kind)" }
        }
        for attributes in columns.attributes.values {
            guard (try? JSONSerialization.jsonObject(with: Data(attributes.bytes))) is [String: Any] else {
                return "attributes \(String(decoding: attributes.bytes, as: UTF8.self))"
            }
        }
        return nil
    }

    /// Where what was taken is not what Foundation reads.
    private func difference(_ columns: ReadingColumns, _ body: [UInt8], _ format: ReadingsFormat) -> String? {
        let items: [Item]
        switch format {
        case .json:
            guard let list = try? JSONDecoder().decode(List.self, from: Data(body)) else {
                return "Foundation refuses it"
            }
            items = list.readings
        case .ndjson:
            let lines = body.split(separator: UInt8(ascii: "\n"))
                .filter { line in !line.allSatisfy { " \t\r".utf8.contains($0) } }
            items = lines.map { (try? JSONDecoder().decode(Item.self, from: Data($0))) ?? Item() }
        case .senml:
            guard let records = try? JSONDecoder().decode([Record].self, from: Data(body)) else {
                return "Foundation refuses it"
            }
            // Of base fields that are there twice either may count.
            guard Record.baseFields.allSatisfy({ body.occurrences(of: $0) <= 1 }) else { return nil }
            items = Record.resolved(records)
        // Foundation reads none.
        case .csv: return nil
        }
        for row in 0..<columns.count where columns.positions[row] >= 0 {
            let item = items[Int(columns.positions[row])]
            let sensor = columns.sensors[Int(columns.sensor[row])]
            guard item.sensor == sensor.name else { return "sensor \(sensor.name)" }
            let isSame =
                switch sensor.kind {
                // Foundation refuses what rounds to zero, and reads -0 as 0; any others that are equal are the same bits.
                case .number: item.number ?? 0 == columns.values[row]
                case .boolean: item.boolean == (columns.values[row] == 1)
                case .text: item.text == columns.texts[row]
                }
            guard isSame else { return "value \(columns.values[row])" }
        }
        return nil
    }

    /// A record of SenML with what Foundation can make of it.
    private struct Record: Decodable {
        static let baseFields = [#""bn""#, #""bv""#]

        private let item: Item
        private let baseName: String?
        private let baseValue: Double?

        private enum CodingKeys: String, CodingKey {
            case n, v, vb, vs, bn, bv
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            var item = Item()
            item.sensor = try? container.decode(String.self, forKey: .n)
            item.number = try? container.decode(Double.self, forKey: .v)
            item.boolean = try? container.decode(Bool.self, forKey: .vb)
            item.text = try? container.decode(String.self, forKey: .vs)
            self.item = item
            baseName = try? container.decode(String.self, forKey: .bn)
            baseValue = try? container.decode(Double.self, forKey: .bv)
        }

        /// Each with what those before it say for it (RFC 8428, section 4.6).
        static func resolved(_ records: [Record]) -> [Item] {
            var (name, value) = ("", 0.0)
            return records.map { record in
                name = record.baseName ?? name
                value = record.baseValue ?? value
                var item = record.item
                let whole = name + (item.sensor ?? "")
                item.sensor = whole.split(omittingEmptySubsequences: false) { ":/".contains($0) }.last.map(String.init)
                item.number = (item.number ?? 0) + value
                return item
            }
        }
    }

    private struct List: Decodable {
        let readings: [Item]
    }

    /// A reading with what Foundation can make of it.
    private struct Item: Decodable {
        var sensor: String?
        var number: Double?
        var boolean: Bool?
        var text: String?

        private enum CodingKeys: String, CodingKey {
            case sensor = "sensor_type"
            case value
        }

        init() {}

        init(from decoder: any Decoder) throws {
            guard let container = try? decoder.container(keyedBy: CodingKeys.self) else { return }
            sensor = try? container.decode(String.self, forKey: .sensor)
            number = try? container.decode(Double.self, forKey: .value)
            boolean = try? container.decode(Bool.self, forKey: .value)
            text = try? container.decode(String.self, forKey: .value)
        }
    }
}

extension [UInt8] {
    fileprivate func occurrences(of text: String) -> Int { ranges(of: Array(text.utf8)).count }
}
