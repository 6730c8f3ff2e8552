import Foundation
import HTTPWire
import Identity
import Kernel
import NIOCore
import Postgres
import TestKit
import Testing

@testable import HTTPKit
@testable import ReadingsService

@Suite(.serialized) struct ExportTests {
    /// In whole seconds.
    private let end = Timestamp(microseconds: Timestamp.now.microseconds / 1_000_000 * 1_000_000)

    private var range: String { "from=\(end.adding(.seconds(-86_400)).rfc3339)&to=\(end.rfc3339)" }

    private func path(_ format: ExportFormat, _ further: String = "") -> String {
        "/api/v1/readings/export?format=\(format.rawValue)&\(range)\(further)"
    }

    /// What is hard to write in one of the formats.
    private static let texts = [
        "", " ", "plain", "it's", "say \"hi\"", "a,b;c", "two\nlines", "\r\n", "\t", "\u{1}", #"\n\.\\"#, #"\."#,
        "=1+1",
        "'=1", "'", "-1", "+1", "@x", "5", "1e3", "0x1p3", "true", "False", "NaN", "Infinity", "nan", "é", "🧪",
        "\u{2028}",
    ]
    private static let numbers = [
        0, 1, -21.5, 0.1 + 0.2, 1.0 / 3, 1e21, -1e-7, 123_456_789.123_456_789, .greatestFiniteMagnitude,
        -.leastNormalMagnitude, 9_007_199_254_740_992,
    ]

    /// A device with numbers, booleans and texts, some of them with attributes.
    private func filledDevice(of organization: UUID = UUID.v7()) async throws -> TestDevice {
        let device = try await ReadingsServer.shared().device(of: organization)
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix64(seed: seed)
        var values: [(sensor: String, unit: String, value: JSONValue)] = []
        let randomNumbers = (0..<50).map { _ in Double.random(in: -1e9...1e9, using: &random) }
        for number in Self.numbers + randomNumbers { values.append(("num,ber", "°C", .number(number))) }
        for text in Self.texts { values.append(("text", "", .string(text))) }
        for _ in 0..<10 { values.append(("=bool", "", .bool(Bool.random(using: &random)))) }
        let readings = values.enumerated().map { index, reading -> JSONValue in
            var fields: [String: JSONValue] = [
                "sensor_type": .string(reading.sensor), "value": reading.value, "unit": .string(reading.unit),
                "timestamp": .string(end.adding(.microseconds(-1_000_001 * (index + 1))).rfc3339),
                "quality": .string(Quality.allCases[index % 5].name),
            ]
            if index % 3 == 0 { fields["battery_level"] = 88.5 }
            if index % 4 == 0 { fields["location"] = "Lab \"3\", =1+1" }
            if index % 5 == 0 { fields["metadata"] = ["a": [1, nil, "x\ny"], "b": ["c": true]] }
            return .object(fields)
        }
        let response = try await device.client.post(device.path, ["readings": .array(readings)])
        #expect(response.status == 201 && response.json["rejected"] == [])
        return device
    }

    private func key(_ row: JSONValue) -> String {
        [row["device_id"], row["sensor_type"], row["timestamp"]].map { $0.string ?? "" }.joined(separator: "\n")
    }

    /// By the API's other answers.
    private func listed(_ user: TestHTTPClient) async throws -> [JSONValue] {
        let page = try await user.get("/api/v1/readings?\(range)&limit=1000").json
        #expect(page["next_cursor"].isNull)
        return try #require(page["items"].array).sorted { key($0) < key($1) }
    }

    private func rows(_ text: String) throws -> [JSONValue] {
        try text.split(separator: "\n").map { try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8)) }
    }

    @Test func `NDJSON and JSON have what the list of readings has`() async throws {
        let organization = UUID.v7()
        for _ in 0..<2 { _ = try await filledDevice(of: organization) }
        let user = try await ReadingsServer.shared().service.user(.viewer, of: organization)
        let expected = try await listed(user)
        let lines = try await user.get(path(.ndjson))
        #expect(lines.status == 200 && lines.header("content-type") == "application/x-ndjson")
        let rows = try rows(lines.text)
        #expect(rows.sorted { key($0) < key($1) } == expected)
        let json = try await user.get(path(.json))
        #expect(json.header("content-type") == "application/json")
        #expect(json.json.array == rows)
        let day = { (seconds: Int) in end.adding(.seconds(seconds)).rfc3339.prefix(10) }
        #expect(
            json.header("content-disposition")
                == "attachment; filename=\"readings-\(day(-86_400))-\(day(0)).json\"")
    }

    @Test func `rows come by device, sensor type and time`() async throws {
        let organization = UUID.v7()
        for _ in 0..<3 { _ = try await filledDevice(of: organization) }
        let user = try await ReadingsServer.shared().service.user(.viewer, of: organization)
        let rows = try rows(try await user.get(path(.ndjson)).text)
        let devices = rows.compactMap { $0["device_id"].string }
        #expect(devices == devices.sorted())
        for device in Set(devices) {
            let sensors = rows.filter { $0["device_id"].string == device }
            let runs = sensors.map { $0["sensor_type"].string }.reduce(into: [String?]()) { runs, sensor in
                if runs.last != sensor { runs.append(sensor) }
            }
            #expect(runs.count == 3)
            for sensor in runs {
                let times = sensors.filter { $0["sensor_type"].string == sensor }.compactMap { $0["timestamp"].string }
                #expect(times == times.sorted())
            }
        }
    }

    @Test func `CSV has the same rows, and nothing that a spreadsheet would calculate`() async throws {
        let device = try await filledDevice()
        let user = try await ReadingsServer.shared().service.user(.viewer, of: device.organization)
        let expected = try rows(try await user.get(path(.ndjson)).text)
        let csv = try await user.get(path(.csv))
        #expect(csv.header("content-type") == "text/csv; charset=utf-8")
        let reader = try CSVReader(csv.body)
        #expect(reader.header == ["device_id"] + ReadingField.exported)
        let records = Array(reader)
        #expect(records.count == expected.count && records.allSatisfy { $0.fault == nil })
        for (record, row) in zip(records, expected) {
            let cells = Dictionary(uniqueKeysWithValues: zip(reader.header, record.fields))
            for field in ["device_id", "timestamp", "quality", "unit"] { #expect(cells[field] == row[field].string) }
            #expect(cells["sensor_type"].map(FormulaGuard.unguarded) == row["sensor_type"].string)
            let value = try #require(cells["value"])
            switch row["value"] {
            case .number(let number): #expect(Double(value) == number)
            case .bool(let bool): #expect(value == "\(bool)")
            case .string(let text):
                #expect(value == text || value == "'" + text)
                #expect(value.unicodeScalars.first.map { !"=+-@\t\r".unicodeScalars.contains($0) } == true)
            default: Issue.record("\(row)")
            }
            #expect(cells["battery_level"].flatMap(Double.init) == row["battery_level"].double)
            for field in ["location", "metadata"] {
                let json = try cells[field].flatMap { $0.isEmpty ? nil : Data($0.utf8) }
                    .map { try JSONDecoder().decode(JSONValue.self, from: $0) }
                #expect((json ?? .null) == row[field])
            }
        }
    }

    @Test func `an export that is imported for another device gives the same readings`() async throws {
        let device = try await filledDevice()
        let service = try await ReadingsServer.shared().service
        let other = try await ReadingsServer.shared().device()
        let reader = try await service.user(.viewer, of: device.organization)
        let member = try await service.user(.member, of: other.organization)
        let csv = try await reader.get(path(.csv)).text.replacing(device.id.text, with: other.id.text)
        let expected = try rows(
            try await reader.get(path(.ndjson)).text.replacing(device.id.text, with: other.id.text))
        for (accepted, duplicates) in [(expected.count, 0), (0, expected.count)] {
            let answer = try await member.send(
                .POST, "/api/v1/readings/import", headers: ["content-type": "text/csv"], body: Array(csv.utf8))
            #expect(answer.status == 200)
            #expect(answer.json["accepted"].int == accepted && answer.json["duplicates"].int == duplicates)
            #expect(answer.json["rejected"] == 0 && answer.json["rejections"] == [])
        }
        #expect(try rows(try await member.get(path(.ndjson)).text) == expected)
    }

    @Test func `who was cut off goes on behind the last row`() async throws {
        let organization = UUID.v7()
        for _ in 0..<2 { _ = try await filledDevice(of: organization) }
        let user = try await ReadingsServer.shared().service.user(.viewer, of: organization)
        let rows = try rows(try await user.get(path(.ndjson)).text)
        for count in [1, rows.count / 3, rows.count / 2, rows.count - 1, rows.count] {
            let last = rows[count - 1]
            let position = ["device_id", "sensor_type", "timestamp"].compactMap { last[$0].string }.joined(
                separator: ",")
            let rest = try await user.get(path(.json, "&after=\(percentEncode(position))"))
            #expect(rest.json.array == Array(rows[count...]))
        }
    }

    @Test func `the filters of the list hold, for an organization and for grants`() async throws {
        let service = try await ReadingsServer.shared().service
        let organization = UUID.v7()
        let (mine, second) = (try await filledDevice(of: organization), try await filledDevice(of: organization))
        let foreign = try await filledDevice()
        let user = try await service.user(.viewer, of: organization)
        let guest = try await service.user(
            nil, of: organization, grants: [ResourceGrant(resource: .device(mine.id), role: .viewer)])
        func devices(_ client: TestHTTPClient, _ further: String = "") async throws -> Set<String> {
            let answer = try await client.get(path(.json, further))
            return Set(try #require(answer.json.array).compactMap { $0["device_id"].string })
        }
        #expect(try await devices(user) == [mine.id.text, second.id.text])
        #expect(try await devices(guest) == [mine.id.text])
        #expect(try await devices(guest, "&device_id=\(second.id.text)") == [])
        #expect(try await devices(user, "&device_id=\(foreign.id.text),\(second.id.text)") == [second.id.text])
        let sensors = try await user.get(path(.json, "&sensor_type=text,%3Dbool"))
        #expect(Set(sensors.json.array?.compactMap { $0["sensor_type"].string } ?? []) == ["text", "=bool"])
        // `to` is exclusive.
        let first = try #require(try await user.get(path(.json)).json[0]["timestamp"].string)
        let none = try await user.get("/api/v1/readings/export?format=json&from=\(first)&to=\(first)")
        #expect(none.json == [])
    }

    @Test func `an export of nothing is an empty one`() async throws {
        let user = try await ReadingsServer.shared().service.user(.viewer, of: .v7())
        #expect(try await user.get(path(.json)).text == "[]\n")
        #expect(try await user.get(path(.ndjson)).text == "")
        #expect(
            try await user.get(path(.csv)).text == (["device_id"] + ReadingField.exported).joined(separator: ",") + "\n"
        )
        let head = try await user.send(.HEAD, path(.csv))
        #expect(head.status == 200 && head.body.isEmpty)
    }

    @Test func `the format is what is asked for, by name or by Accept`() async throws {
        let user = try await ReadingsServer.shared().service.user(.viewer, of: .v7())
        let path = "/api/v1/readings/export?\(range)"
        for (accept, type) in [
            ("*/*", "application/json"), ("text/csv", "text/csv; charset=utf-8"),
            ("application/x-ndjson", "application/x-ndjson"),
        ] {
            #expect(try await user.get(path, headers: ["accept": accept]).header("content-type") == type)
        }
        #expect(try await user.get(path, headers: ["accept": "image/png"]).status == 406)
    }

    @Test func `who exports what is in the audit trail, and who is refused, or asks for the head alone, is not`()
        async throws
    {
        let service = try await ReadingsServer.shared().service
        let (organization, id, device) = (UUID.v7(), UUID(), UUID.v7())
        let user = try await service.user(.viewer, of: organization, id: id)
        let after = "\(device.text),t,\(end.adding(.seconds(-60)).rfc3339)"
        #expect(try await user.get(path(.csv)).status == 200)
        let narrowed = "&device_id=\(device.text)&sensor_type=t&after=\(percentEncode(after))"
        #expect(try await user.get(path(.ndjson, narrowed)).status == 200)
        #expect(try await user.send(.HEAD, path(.json)).status == 200)
        #expect(try await user.get(path(.json, "&after=x")).status == 422)
        let rows = try await service.query(
            """
            SELECT data FROM core.events
            WHERE organization_id = \(organization) AND entity_id = \(organization)
                AND event_type = 'readings.exported' AND actor ->> 'id' = \(id.text) AND actor ->> 'type' = 'user'
            ORDER BY timestamp
            """)
        let from = JSONValue.string(end.adding(.seconds(-86_400)).rfc3339)
        let to = JSONValue.string(end.rfc3339)
        let expected: [JSONValue] = [
            ["format": "csv", "from": from, "to": to],
            [
                "format": "ndjson", "from": from, "to": to, "device_ids": [.string(device.text)],
                "sensor_types": ["t"], "after": .string(after),
            ],
        ]
        #expect(try rows.map { try $0.decode(JSONB.self, at: 0).decode(JSONValue.self) } == expected)
    }

    @Test func `an export is gzipped for those who accept it`() async throws {
        let device = try await filledDevice()
        let user = try await ReadingsServer.shared().service.user(.viewer, of: device.organization)
        let plain = try await user.get(path(.ndjson)).body
        let response = try await user.get(path(.ndjson), headers: ["accept-encoding": "gzip"])
        #expect(response.header("content-encoding") == "gzip" && response.body.count < plain.count)
        let inflater = try GzipInflater()
        var body = ByteBuffer(bytes: response.body)
        let inflated = try inflater.inflate(&body, upTo: 1 << 20)
        #expect(Array(inflated.readableBytesView) == plain && inflater.isFinished)
    }

    @Test(arguments: [
        "format=xml", "device_id=x", "from=yesterday", "after=x", "after=x,t,2026-11-03T00:00:00Z",
        "after=0192f0c1-2345-7000-8000-000000000001,t", "after=0192f0c1-2345-7000-8000-000000000001,t,now",
        "from=2026-11-04T00:00:00Z&to=2026-11-03T00:00:00Z",
    ])
    func `a parameter that cannot be used is 422 and named`(query: String) async throws {
        let user = try await ReadingsServer.shared().service.user(.viewer, of: .v7())
        let response = try await user.get("/api/v1/readings/export?\(query)")
        #expect(response.status == 422)
        #expect(response.json["errors"][0]["field"].string == String(query.prefix { $0 != "=" }))
    }
}

extension ReadingField {
    /// The columns of an export behind the device.
    fileprivate static let exported = allCases.map(\.rawValue)
}

struct ReadingPositionTests {
    @Test func `a position is what is written, with commas in the sensor type, too`() throws {
        let text = "0192f0c1-2345-7000-8000-000000000001,a,b,2026-11-23T19:27:00.123456Z"
        let position = try #require(ReadingPosition(text))
        #expect(position.sensorType == "a,b" && position.time == ReadingsFormat.arrival)
        #expect(position.description == text)
    }
}
