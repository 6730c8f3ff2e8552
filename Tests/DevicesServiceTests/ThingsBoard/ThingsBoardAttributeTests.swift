import Foundation
import TestKit
import Testing

@testable import DevicesService

@Suite struct ThingsBoardAttributeTests {
    @Test func `client attributes are what the device reports, each in the place of the one before`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let path = device.thingsBoard("attributes")
        for body in [["a": 1, "b": ["c": true], "current_fw_version": "1.4.2"], ["a": 2, "b": nil]] as [JSONValue] {
            let answer = try await device.anonymous.post(path, body)
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
        }
        let reported: JSONValue = ["a": 2, "b": ["c": true], "current_fw_version": "1.4.2"]
        #expect(try await organization.admin.get("\(device.path)/config").json["reported"] == reported)
        #expect(try await device.anonymous.get(path).json == ["client": reported])
        try await eventually { try await device.shown()["firmware_version"] == "1.4.2" }
        #expect(try await device.shown()["status"] == "online")
    }

    @Test func `attributes are answered by their names, and a scope without any is left out`() async throws {
        let device = try await DevicesServer.shared().organization().device()
        let path = device.thingsBoard("attributes")
        #expect(try await device.anonymous.get(path).json == [:])
        try await device.configure(["interval": 30, "label": "µ"])
        #expect(try await device.anonymous.post(path, ["a": 1, "b": 2]).status == 200)
        for (query, answer) in [
            ("", ["client": ["a": 1, "b": 2], "shared": ["interval": 30, "label": "µ"]]),
            ("?clientKeys=a,x&sharedKeys=label", ["client": ["a": 1], "shared": ["label": "µ"]]),
            ("?sharedKeys=interval", ["shared": ["interval": 30]]), ("?clientKeys=x", [:]),
            ("?clientKeys=&sharedKeys=interval", ["shared": ["interval": 30]]),
        ] as [(String, JSONValue)] {
            #expect(try await device.anonymous.get(path + query).json == answer, "\(query)")
        }
    }

    @Test func `the current firmware of the type is among the shared attributes`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let firmware = try await organization.firmware("1.4.2", query: "&signature=abc")
        let keys = "fw_title,fw_version,fw_size,fw_checksum,fw_checksum_algorithm"
        let path = device.thingsBoard("attributes?sharedKeys=\(keys)")
        #expect(try await device.anonymous.get(path).json == [:])
        #expect(try await firmware.makeCurrent().status == 200)
        #expect(
            try await device.anonymous.get(path).json["shared"] == [
                "fw_title": "esp32", "fw_version": "1.4.2", "fw_size": 1000,
                "fw_checksum": firmware.answer.json["sha256"], "fw_checksum_algorithm": "SHA256",
            ])
        #expect(
            try await device.anonymous.get(device.thingsBoard("attributes")).json["shared"]["fw_signature"] == "abc")
    }

    @Test func `a poll for updates is answered as soon as the configuration changes, with what did`() async throws {
        let server = try await DevicesServer.shared()
        let device = try await server.organization().device()
        try await device.configure(["a": 1, "b": 2, "c": 3])
        let path = device.thingsBoard("attributes/updates?timeout=20000")
        async let answer = device.anonymous.get(path)
        try await eventually { try await isWaiting(server, device) }
        let start = ContinuousClock.now
        try await device.configure(["a": 1, "b": 4, "d": 5])
        #expect(try await answer.json == ["b": 4, "d": 5, "deleted": ["c"]])
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test func `what changed between two polls is told by the second, and once`() async throws {
        let device = try await DevicesServer.shared().organization().device()
        try await device.configure(["a": 1])
        #expect(try await device.anonymous.get(device.thingsBoard("attributes")).status == 200)
        try await device.configure(["a": 2])
        try await device.configure(["a": 3])
        let path = device.thingsBoard("attributes/updates?timeout=1")
        #expect(try await device.anonymous.get(path).json == ["a": 3])
        #expect(try await device.anonymous.get(path).status == 408)
        try await device.configure(["a": 4])
        try await device.configure(["a": 3])
        #expect(try await device.anonymous.get(path).status == 408)
    }

    @Test func `a change that no message told of is found by the look every few seconds`() async throws {
        let server = try await DevicesServer.shared()
        let device = try await server.organization().device()
        let path = device.thingsBoard("attributes/updates?timeout=20000")
        async let answer = device.anonymous.get(path)
        try await eventually { try await isWaiting(server, device) }
        let id = try #require(UUID(uuidString: device.id))
        try await server.service.query(
            """
            UPDATE devices.configs SET config = '{"a": 1}', version = version + 1 WHERE device_id = \(id)
            """)
        #expect(try await answer.json == ["a": 1])
    }

    @Test(
        arguments: [
            ("[1]", 422), ("7", 422), ("{", 400), ("", 400), (#"{"a":"\u0000"}"#, 422),
            (#"{"a":"\#(String(repeating: "x", count: 65_536))"}"#, 422), (#"{"current_fw_version":""}"#, 422),
        ])
    func `what are no attributes is refused`(body: String, status: Int) async throws {
        let device = try await DevicesServer.shared().organization().device()
        let answer = try await device.anonymous.send(
            .POST, device.thingsBoard("attributes"), headers: ["content-type": "application/json"],
            body: Array(body.utf8))
        #expect(answer.status == status)
    }

    @Test func `attributes that would make too many of those before are refused, and these stay`() async throws {
        let device = try await DevicesServer.shared().organization().device()
        let path = device.thingsBoard("attributes")
        let long = JSONValue.string(String(repeating: "x", count: 40_000))
        #expect(try await device.anonymous.post(path, ["a": long]).status == 200)
        #expect(try await device.anonymous.post(path, ["b": long]).status == 422)
        #expect(try await device.anonymous.get(path).json == ["client": ["a": long]])
    }

    @Test(arguments: ["timeout=-1", "timeout=300001", "timeout=soon"])
    func `a time that no poll waits is refused`(query: String) async throws {
        let device = try await DevicesServer.shared().organization().device()
        for path in ["attributes/updates", "rpc"] {
            #expect(try await device.anonymous.get(device.thingsBoard("\(path)?\(query)")).status == 422)
        }
    }

    private func isWaiting(_ server: DevicesServer, _ device: TestDevice) async throws -> Bool {
        server.waiters.devices(waitingFor: .configuration).contains { $0.uuidString.lowercased() == device.id }
    }
}
