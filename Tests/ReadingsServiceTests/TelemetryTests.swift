import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

struct TelemetryParserTests {
    private let now = ReadingsFormat.arrival.microseconds

    private func parse(_ json: String) throws -> ReadingColumns {
        try Array(json.utf8).withUnsafeBufferPointer { try TelemetryParser.parse($0, now: ReadingsFormat.arrival) }
    }

    @Test func `an object is timestamped only if it has both ts and values`() throws {
        let columns = try parse(
            """
            [{"temperature": 21.5, "on": true, "mode": "auto", "nothing": null},
             {"values": {"temperature": 21.6, "skipped": null}, "ts": 1795460400123},
             {"ts": 5, "temperature": 1}, {"values": 6}, {}]
            """)
        #expect(columns.rejections == [])
        #expect(columns.sensors.map(\.name) == ["temperature", "on", "mode", "ts", "values"])
        #expect(columns.sensors.map(\.kind) == [.number, .boolean, .text, .number, .number])
        #expect(columns.sensor == [0, 1, 2, 0, 3, 0, 4])
        #expect(columns.texts == [2: "auto"])
        #expect(columns.times == [now, now, now, 1_795_460_400_123_000, now, now, now])
    }

    @Test(arguments: [
        (#"{"k":1}"#, 1), (#"{"ts":1795460400000,"values":{"k":1,"l":2}}"#, 2), (#"[{"k":1}]"#, 1), ("{}", 0),
        ("[]", 0),
        (#"{"k":null}"#, 0), (#"{"\u006b":"x"}"#, 1),
    ])
    func `what there is may be one object or a list, or nothing`(json: String, count: Int) throws {
        let columns = try parse(json)
        #expect(columns.count == count && columns.rejections.isEmpty)
    }

    @Test(arguments: [
        (#""a":[1]"#, "a"), (#""b":{"c":1}"#, "b"), (#""c":1e400"#, "c"), ("\"\":1", ""), (#""a\nb":1"#, "a\nb"),
        (#""d":"\u0000""#, "d"),
    ])
    func `a value that cannot be stored is rejected by itself`(member: String, field: String) throws {
        let columns = try parse("{\(member),\"ok\":2}")
        #expect(columns.rejections.map(\.field) == [field])
        #expect(columns.values == [2] && columns.positions == [1])
    }

    @Test(arguments: ["1795460400", "1e400", "1795464020000", "1500000000000", "-1"])
    func `values of a time that is not taken are rejected`(time: String) throws {
        let columns = try parse(#"[{"ts":\#(time),"values":{"a":1,"b":2}},{"c":3}]"#)
        #expect(columns.rejections.map(\.field) == ["ts", "ts"])
        #expect(columns.values == [3])
    }

    @Test(arguments: [
        ("7", ""), ("[7]", ""), (#"{"ts":"x","values":{}}"#, "ts"), (#"{"ts":null,"values":{}}"#, "ts"),
        (#"{"ts":1,"values":[]}"#, "values"),
    ])
    func `another shape fails with its field`(json: String, field: String) {
        let failure = #expect(throws: BodyFailure.self) { try parse(json) }
        guard case .invalid(field, _) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test(arguments: ["", "{", #"{"a":1"#, #"[{"a":1},"#, #"{"a":1} x"#, #"{"a":NaN}"#, #"{"ts":1,"values":{"a":}}"#])
    func `what is not JSON fails`(json: String) {
        let failure = #expect(throws: BodyFailure.self) { try parse(json) }
        guard case .notJSON = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func `the values of all objects together are limited`() throws {
        func body(_ count: Int) -> String {
            "[" + (0..<count).map { "{\"k\":\($0),\"n\":null}" }.joined(separator: ",") + "]"
        }
        #expect(try parse(body(1000)).count == 1000)
        #expect(throws: BodyFailure.tooManyReadings("")) { try parse(body(1001)) }
    }

    @Test func `a time far beyond binary64 is refused with its values alone`() throws {
        let columns = try parse(#"[{"ts":17e5460400000,"values":{"t":1}},{"u":2}]"#)
        #expect(columns.sensors.map(\.name) == ["u"] && columns.rejections.map(\.index) == [0])
    }

    @Test func `random, truncated, nested and repeated bytes do no harm`() {
        let seed = UInt64.random(in: .min ... .max)
        var fuzz = Fuzz(seed: seed)
        let bodies = [
            #"{"temperature":21.5,"on":true,"mode":"a\u00e9","x":null}"#,
            #"[{"ts":1795460400000,"values":{"temperature":-2e-3,"n":[1]}},{"values":1},{"ts":1,"values":{"a":{}}}]"#,
        ]
        let end = ContinuousClock.now.advanced(by: .seconds(10))
        for number in 0..<4000 where ContinuousClock.now < end {
            let bytes = fuzz.body(from: bodies)
            let columns = bytes.withUnsafeBufferPointer { try? TelemetryParser.parse($0, now: ReadingsFormat.arrival) }
            guard let columns else { continue }
            let isSound = zip(columns.sensor, columns.values).allSatisfy { sensor, value in
                value.isFinite != (columns.sensors[Int(sensor)].kind == .text)
            }
            let isRead = (try? JSONSerialization.jsonObject(with: Data(withoutLargeExponents(bytes)))) != nil
            #expect(isSound && isRead, "seed \(seed), body \(number): \(String(decoding: bytes, as: UTF8.self))")
        }
    }
}

@Suite struct TelemetryTests {
    private func path(_ key: String) -> String { "/api/v1/\(key)/telemetry" }

    @Test func `a board for ThingsBoard sends with its key in the path`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let time = Timestamp.now.microseconds / 1000 - 60_000
        let response = try await server.service.client.post(
            path(device.key),
            ["ts": .number(Double(time)), "values": ["temperature": 21.5, "on": true, "list": [1], "none": .null]])
        #expect(response.status == 200)
        #expect(response.text == "")
        let stored = try await device.stored()
        #expect(stored.map(\.sensor) == ["on", "temperature"] && stored.map(\.value) == [1, 21.5])
        #expect(stored.allSatisfy { $0.time.microseconds == time * 1000 })
        let empty = try await server.service.client.post(path(device.key), ["none": .null])
        #expect(empty.status == 200)
        #expect(try await device.stored().count == 2)
    }

    @Test func `when there are values and none can be stored it is 422, and no answer has the key`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let response = try await server.service.client.post(path(device.key), ["list": [1], "object": [:]])
        #expect(response.status == 422)
        #expect(Set(response.json["errors"].array?.map { $0["field"].string } ?? []) == ["list", "object"])
        #expect(!response.text.contains(device.key))
        let broken = try await server.service.client.send(
            .POST, path(device.key), headers: ["content-type": "application/json"], body: Array("{".utf8))
        #expect(broken.status == 400)
        let text = try await server.service.client.send(
            .POST, path(device.key), headers: ["content-type": "text/csv"], body: Array("a,b".utf8))
        #expect(text.status == 415)
        #expect(try await device.stored().isEmpty)
    }

    @Test func `a key that is revoked sends nothing`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        try await server.service.query("UPDATE readings.keys SET is_revoked = true WHERE device_id = \(device.id)")
        #expect(try await server.service.client.post(path(device.key), ["t": 1]).status == 401)
        #expect(try await device.stored().isEmpty)
    }
}
