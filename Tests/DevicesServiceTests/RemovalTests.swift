import EventBus
import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

@Suite struct RemovalTests {
    @Test func `of a deleted organization nothing is left, and of others everything`() async throws {
        let server = try await DevicesServer.shared()
        let (organization, other) = (try await server.organization(), try await server.organization())
        let kept = try await other.device()
        let device = try await organization.device()
        _ = try await device.queue()
        _ = try await organization.template()
        _ = try await organization.bulk()
        let description: JSONValue = ["description": ["type": "object"]]
        let described = try await organization.admin.put("/api/v1/devices/config-descriptions/esp32", description)
        #expect(described.status == 200)
        _ = try await organization.fleet().device("SN-1")
        _ = try await organization.firmware()
        #expect(try await device.reportFirmware("1.0.0", "applied").status == 200)
        let code = try await device.client.post("\(device.path)/claim-code").json["code"]
        #expect(try await organization.admin.post("/api/v1/devices/claim", ["code": code]).status == 200)
        let gone = try await organization.device()
        for device in [device, gone, kept] {
            #expect(try await device.client.post("\(device.path)/heartbeat", ["battery_level": 50]).status == 200)
            #expect(try await device.log(["level": "error", "message": "no sensor"]).status == 201)
        }
        #expect(try await organization.admin.delete(gone.path).status == 204)
        _ = try await server.service.query(
            "INSERT INTO devices.limits (organization_id, plan, version) VALUES (\(organization.id), 'free', 1)")
        try await server.service.publish(
            try Event(
                source: .auth, type: "organization.deleted", subject: organization.id.text, subjectVersion: 2,
                organizationID: organization.id, data: ["organization_id": organization.id.text]))
        let database = server.service.database
        try await eventually(within: .seconds(20)) {
            try await database.rows(of: organization.id, in: "devices") == ["removals": 1]
        }
        // The audit log stays.
        let shared = try await database.rows(of: organization.id, in: "core")
        #expect(Set(shared.keys) == ["events"])
        #expect(try await organization.admin.get(device.path).status == 404)
        #expect(try await device.client.get(device.path).status == 401)
        #expect(try await other.admin.get(kept.path).status == 200)
        #expect(try await other.admin.get("\(kept.path)/logs").json["items"].array?.count == 1)
    }

    @Test func `what a deleted device logged is deleted, and nothing of others`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let (device, kept) = (try await organization.device(), try await organization.device())
        for device in [device, kept] {
            #expect(try await device.client.post("\(device.path)/heartbeat", ["battery_level": 50]).status == 200)
            #expect(try await device.log(["level": "info", "message": "up"]).status == 201)
        }
        #expect(try await organization.admin.delete(device.path).status == 204)
        try await eventually(within: .seconds(20)) {
            let rows = try await server.service.query(
                """
                SELECT (SELECT count(*) FROM devices.logs WHERE organization_id = \(organization.id)),
                    (SELECT count(*) FROM devices.log_removals WHERE organization_id = \(organization.id)),
                    (SELECT count(DISTINCT device_id) FROM devices.status_changes
                        WHERE organization_id = \(organization.id)),
                    (SELECT count(*) FROM devices.battery_samples WHERE organization_id = \(organization.id))
                """)
            let left = try #require(try rows.first?.decode(Int.self, Int.self, Int.self, Int.self))
            return left == (1, 0, 1, 1)
        }
        #expect(try await organization.admin.get("\(device.path)/logs").status == 404)
        #expect(try await organization.admin.get("\(kept.path)/logs").json["items"].array?.count == 1)
    }

    @Test func `the devices of a deleted project stay, and belong to none`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let (project, other) = (try await organization.project(), try await organization.project())
        let device = try await organization.device(["project_id": .string(project.text)])
        let kept = try await organization.device(["project_id": .string(other.text)])
        try await server.service.publish(
            try Event(
                source: .auth, type: "project.deleted", subject: project.text, subjectVersion: 2,
                organizationID: organization.id,
                data: ["id": project.text, "organization_id": organization.id.text]))
        try await server.service.events(about: device.id, are: ["device.registered", "device.updated"])
        let shown = try await device.shown()
        #expect(shown["project_id"].isNull)
        #expect(shown["version"] == 2)
        #expect(try await kept.shown()["project_id"].string == other.text)
    }
}
