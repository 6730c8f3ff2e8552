import Foundation
import TestKit
import Testing

@testable import DevicesService

@Suite struct FirmwareUpdateTests {
    @Test func `a device is told of the current firmware of its type, whichever that is`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device(["firmware_version": "v1.0.0"])
        let old = try await organization.firmware("1.0.0")
        let new = try await organization.firmware("1.1.0", query: "&signature=abc")
        let path = "\(device.path)/firmware"
        let before = try await device.client.get(path).json
        #expect(before["update_available"] == false)
        #expect(before["firmware"].isNull)
        #expect(before["update"].isNull)

        #expect(try await new.makeCurrent().json["current"] == true)
        let told = try await device.client.get(path).json
        #expect(told["update_available"] == true)
        #expect(told["firmware_version"] == "v1.0.0")
        #expect(told["firmware"]["signature"] == "abc")
        let url = try #require(told["firmware"]["url"].string)
        #expect(try await device.client.get(url).body == new.image)

        #expect(try await old.makeCurrent().status == 200)
        #expect(try await organization.admin.get(new.path).json["current"] == false)
        #expect(try await device.client.get(path).json["update_available"] == false)
        #expect(try await organization.admin.delete("\(old.path)/current").json["current"] == false)
        #expect(try await device.client.get(path).json["firmware"].isNull)
        let audit = ["firmware.uploaded", "firmware.made_current", "firmware.withdrawn"]
        try await FirmwareUploadTests.expectAudit(of: old.id, is: audit, organization)
    }

    @Test func `of firmware made current at once one is, and a stale If-Match is refused`() async throws {
        let organization = try await DevicesServer.shared().organization()
        var all: [TestFirmware] = []
        for version in 1...4 { all.append(try await organization.firmware("\(version)")) }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for firmware in all { group.addTask { try await firmware.makeCurrent().status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == [200, 200, 200, 200])
        let listed = try await organization.admin.get(TestFirmware.path).json["items"].array
        #expect(listed?.filter { $0["current"] == true }.count == 1)
        let stale = try await organization.admin.send(
            .PUT, "\(all[0].path)/current", headers: ["if-match": "\"9\""])
        #expect(stale.status == 412)
    }

    @Test func `what a device says of its update is shown, and the version that it applied is its own`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device(["firmware_version": "1.0.0"])
        let firmware = try await organization.firmware("1.1.0")
        #expect(try await firmware.makeCurrent().status == 200)
        let path = "\(device.path)/firmware"
        let begun = try await device.reportFirmware("1.1.0", "downloading", ["progress": 40])
        #expect(begun.status == 200)
        let shown = try await organization.admin.get(path).json["update"]
        #expect(shown == begun.json)
        #expect(shown["state"] == "downloading")
        #expect(shown["progress"] == 40)

        let failed = try await device.reportFirmware("1.1.0", "failed", ["error": "bad signature"])
        #expect(failed.json["began_at"] == begun.json["began_at"])
        #expect(try await organization.admin.get(path).json["update"]["error"] == "bad signature")
        #expect(try await organization.admin.get(path).json["update_available"] == true)
        #expect(try await device.shown()["firmware_version"] == "1.0.0")

        for _ in 0..<2 { #expect(try await device.reportFirmware("v1.1.0", "applied").status == 200) }
        let applied = try await organization.admin.get(path).json
        #expect(applied["update_available"] == false)
        #expect(applied["update"]["state"] == "applied")
        #expect(applied["update"]["error"].isNull)
        #expect(try await device.shown()["firmware_version"] == "1.1.0")
        let id = try #require(UUID(uuidString: device.id))
        let audit = try await organization.server.service.query(
            "SELECT event_type FROM core.events WHERE entity_id = \(id) AND event_type LIKE 'device.firmware%' ORDER BY id"
        )
        #expect(
            try audit.map { try $0.decode(String.self, at: 0) } == [
                "device.firmware_failed", "device.firmware_applied",
            ])
    }

    @Test func `a report is the device's own`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let (device, other) = (try await organization.device(), try await organization.device())
        let body: JSONValue = ["firmware_version": "1", "state": "applied"]
        #expect(try await other.client.put("\(device.path)/firmware/reported", body).status == 404)
        #expect(try await organization.admin.put("\(device.path)/firmware/reported", body).status == 403)
        #expect(try await other.client.get("\(device.path)/firmware").status == 404)
    }

    @Test(
        arguments: [
            (["firmware_version": "x"], "firmware_version"), (["state": "done"], "state"),
            (["progress": 101], "progress"), (["state": "failed"], "error"),
            (["state": "failed", "error": .string(String(repeating: "e", count: 2001))], "error"),
        ] as [([String: JSONValue], String)])
    func `what is wrong with a report is said by field`(fields: [String: JSONValue], field: String) async throws {
        let device = try await DevicesServer.shared().organization().device()
        let answer = try await device.reportFirmware("1", "downloading", fields)
        #expect(answer.status == 422)
        #expect(answer.json["errors"].array?.map { $0["field"].string } == [field])
    }

    @Test func `a device is ordered to take a firmware by a command that says all of it`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let path = "\(device.path)/control/update-firmware"
        let (one, foreign) = (try await organization.firmware("1"), try await organization.firmware("1", for: "other"))
        let current = try await organization.firmware("2", query: "&signature=abc")
        #expect(try await organization.admin.post(path).status == 422)
        #expect(try await current.makeCurrent().status == 200)
        let answer = try await organization.admin.post(path)
        #expect(answer.status == 201)
        #expect(answer.json["command_type"] == "update_firmware")
        let parameters = answer.json["parameters"]
        #expect(parameters["firmware_id"].string == current.id)
        #expect(parameters["firmware_version"] == "2")
        #expect(parameters["size"] == 1000)
        #expect(parameters["sha256"] == current.answer.json["sha256"])
        #expect(parameters["signature"] == "abc")
        #expect(parameters["url"].string == "\(current.path)/content")
        let named = try await organization.admin.post(path, ["firmware_id": .string(one.id)])
        #expect(named.json["parameters"]["firmware_version"] == "1")
        #expect(try await organization.admin.post(path, ["firmware_id": .string(foreign.id)]).status == 422)
        #expect(try await organization.admin.post(path, ["firmware_id": 1]).status == 422)
    }
}
