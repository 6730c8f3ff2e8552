import FoundationEssentials
import NIOHTTP1
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// What comes of readings that no board should send, over HTTP: nothing of them is stored, and nothing of others is lost.
@Suite struct BadInputTests {
    private func post(_ body: String, by device: TestDevice) async throws -> TestHTTPResponse {
        try await device.client.send(
            .POST, device.path, headers: ["content-type": "application/json"], body: Array(body.utf8))
    }

    @Test(arguments: [
        (#""value":1e400"#, "value"), (#""value":-1e400"#, "value"), (#""value":null"#, "value"),
        (#""value":[]"#, "value"), (#""value":[1]"#, "value"), (#""value":{"v":1}"#, "value"),
        (#""unit":"°C""#, "value"),
        (#""value":1,"quality":"fine""#, "quality"), (#""value":1,"quality":2"#, "quality"),
        (#""value":1,"timestamp":"2999-01-01T00:00:00Z""#, "timestamp"),
        (#""value":1,"timestamp":32503680000"#, "timestamp"), (#""value":1,"timestamp":1e400"#, "timestamp"),
        (#""value":1,"timestamp":"1970-01-01T00:00:00Z""#, "timestamp"), (#""value":1,"timestamp":0"#, "timestamp"),
        (#""value":1,"timestamp":-9e18"#, "timestamp"),
        (#""value":1,"timestamp":"2026-11-23T19:00:00""#, "timestamp"),
    ])
    func `a reading that cannot be is refused by itself, and leaves not even its sensor`(
        fields: String, field: String
    ) async throws {
        let device = try await ReadingsServer.shared().device()
        let bad = #"{"sensor_type":"bad",\#(fields)}"#
        let alone = try await post(#"{"readings":[\#(bad)]}"#, by: device)
        #expect(alone.status == 422)
        #expect(alone.json["errors"].array?.map { $0["field"].string } == ["readings[0].\(field)"])
        #expect(try await device.sensors().isEmpty)
        let beside = try await post(#"{"readings":[{"sensor_type":"t","value":1},\#(bad)]}"#, by: device)
        #expect(beside.status == 201 && beside.json["accepted"] == 1)
        #expect(beside.json["rejected"].array?.map { $0["index"].int } == [1])
        #expect(beside.json["rejected"][0]["field"].string == field)
        #expect(try await device.sensors() == ["t"])
        #expect(try await device.stored().map(\.value) == [1])
    }

    @Test(arguments: ["NaN", "Infinity", "-Infinity", "nan", "inf", "+1", "1.", "0x1p3", "1e", "--1"])
    func `what JSON has no number for fails the whole request`(value: String) async throws {
        let device = try await ReadingsServer.shared().device()
        let body = #"{"readings":[{"sensor_type":"t","value":1},{"sensor_type":"t","value":\#(value)}]}"#
        #expect(try await post(body, by: device).status == 400)
        #expect(try await device.sensors().isEmpty)
        // And once the device is known.
        #expect(try await device.send(["sensor_type": "t", "value": 1]).status == 201)
        #expect(try await post(body, by: device).status == 400)
        #expect(try await device.stored().count == 1)
    }

    @Test func `a number as text is no number, and a number no text`() async throws {
        let device = try await ReadingsServer.shared().device()
        func values(_ number: JSONValue, _ text: JSONValue) -> [JSONValue] {
            [["sensor_type": "number", "value": number], ["sensor_type": "text", "value": text]]
        }
        let first = try await device.client.post(device.path, ["readings": .array(values(21.5, "21.5"))])
        #expect(first.json["accepted"] == 2, "\(first)")
        for text: JSONValue in ["21.5", "NaN", "Infinity", ""] {
            let answer = try await device.client.post(device.path, ["readings": .array(values(text, 21.5))])
            #expect(answer.status == 422, "\(text)")
            #expect(
                answer.json["errors"].array?.map { $0["field"].string } == ["readings[0].value", "readings[1].value"])
        }
        #expect(try await device.stored().count == 2)
    }

    @Test(arguments: ReadingsFormat.allCases)
    func `more readings than a request may have are refused whole`(format: ReadingsFormat) async throws {
        let device = try await ReadingsServer.shared().device()
        let tooMany = try await device.send(NumberedReadings(count: 1001), as: format)
        #expect(tooMany.status == 422, "\(tooMany)")
        #expect(try await device.sensors().isEmpty)
        let most = try await device.send(NumberedReadings(count: 1000), as: format)
        #expect(most.status == 201 && most.json["accepted"] == 1000, "\(most)")
    }

    @Test(arguments: ReadingsFormat.allCases, [false, true])
    func `a body that the connection ends in is not stored, even if all readings have come`(
        format: ReadingsFormat, isChunked: Bool
    ) async throws {
        let device = try await ReadingsServer.shared().device()
        // Neither of a device that is seen for the first time, nor of one that is known by then.
        for part in [NumberedReadings(first: 0, count: 2), NumberedReadings(first: 2, count: 2)] {
            try await device.cutOff(part, as: format, isChunked: isChunked)
            #expect(try await device.stored().count == part.first)
            let whole = try await device.send(part, as: format)
            #expect(whole.json == ["accepted": 2, "duplicates": 0, "rejected": []], "\(whole)")
        }
        #expect(try await device.stored().map(\.value) == [0, 1, 2, 3])
    }
}

/// Readings of one sensor, a second each, whose values are their numbers.
private struct NumberedReadings {
    /// A while ago, in seconds since 1970.
    private static let start = Int(Timestamp.now.microseconds / 1_000_000) - 86_400

    var first = 0
    let count: Int

    func body(_ format: ReadingsFormat) -> [UInt8] {
        let readings = (first..<first + count).map { (value: $0, time: Self.start + $0) }
        let objects = readings.map { #"{"sensor_type":"t","value":\#($0.value),"timestamp":\#($0.time)}"# }
        let text =
            switch format {
            case .json: #"{"readings":[\#(objects.joined(separator: ","))]}"#
            case .ndjson: objects.map { $0 + "\n" }.joined()
            case .csv: "sensor_type,value,timestamp\n" + readings.map { "t,\($0.value),\($0.time)\n" }.joined()
            case .senml:
                "[" + readings.map { #"{"n":"t","v":\#($0.value),"t":\#($0.time)}"# }.joined(separator: ",") + "]"
            }
        return Array(text.utf8)
    }
}

extension TestDevice {
    fileprivate func send(_ readings: NumberedReadings, as format: ReadingsFormat) async throws -> TestHTTPResponse {
        try await client.send(
            .POST, path, headers: ["content-type": format.mediaType.description], body: readings.body(format))
    }

    /// Sends all of a body but its end, and waits until the server has closed the connection.
    fileprivate func cutOff(_ readings: NumberedReadings, as format: ReadingsFormat, isChunked: Bool) async throws {
        let body = readings.body(format)
        var headers = client.headers
        headers.add(name: "content-type", value: format.mediaType.description)
        if !isChunked { headers.add(name: "content-length", value: "\(body.count + 1)") }
        let connection = try await TestHTTPConnection.connect(port: client.port)
        let exchange = try await connection.begin(.POST, path, headers: headers, hasBody: true)
        try await exchange.send(body)
        try await connection.endSending()
        // Where it is answered at all, then not as stored.
        if let answer = try? await exchange.response() { #expect(answer.status >= 400, "\(answer)") }
        try await eventually { !connection.isOpen }
        await connection.close()
    }

    /// The sensors that there are series of.
    fileprivate func sensors() async throws -> [String] {
        try await server.service.query("SELECT sensor_type FROM readings.series WHERE device_id = \(id)")
            .map { try $0.decode(String.self, at: 0) }
    }
}
