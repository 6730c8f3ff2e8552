import EventBus
import Foundation
import Identity
import Kernel
import TestKit
import Testing

@testable import DevicesService

@Suite struct DeviceTests {
    @Test func `a registered device is answered whole, with its key once`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device([
            "serial_number": "SN-1", "mac_address": "A4-CF-12-0B-7E-01", "tags": ["lab", "cold"],
            "sensors": ["temperature"], "properties": ["rack": 4], "location": "Room 12",
        ])
        let answer = device.answer.json
        #expect(device.key.hasPrefix("lms_dev_"))
        #expect(answer["mac_address"] == "a4:cf:12:0b:7e:01")
        #expect(answer["status"] == "provisioned")
        #expect(answer["version"] == 1)
        #expect(answer["reading_interval"] == 60)
        #expect(answer["organization_id"].string == organization.id.text)
        #expect(answer["last_seen"].isNull)
        #expect(device.answer.header("location") == device.path)
        #expect(device.answer.header("etag") == "\"1\"")

        let shown = try await organization.admin.get(device.path)
        #expect(shown.status == 200)
        #expect(shown.json["api_key"].isNull)
        #expect(shown.json["properties"] == ["rack": 4])
        #expect(shown.json["tags"] == ["lab", "cold"])
    }

    @Test func `a registration is an entity, an audit row and two events`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device(["properties": ["rack": 4]])
        let id = try #require(UUID(uuidString: device.id))

        let entity = try #require(
            try await server.service.query("SELECT entity_type, name FROM core.entities WHERE id = \(id)").first)
        #expect(try entity.decode(String.self, String.self) == ("device.esp32", "Incubator 3"))
        let audit = try await server.service.query("SELECT event_type FROM core.events WHERE entity_id = \(id)")
        #expect(try audit.map { try $0.decode(String.self, at: 0) } == ["device.registered"])

        let event = try #require(try await server.service.events(about: device.id, are: ["device.registered"]).first)
        #expect(event.organizationID == organization.id)
        #expect(event.subjectVersion == 1)
        let data = try event.decode(JSONValue.self)
        #expect(data["id"].string == device.id)
        #expect(data["api_key"].isNull)
        let hash = SecretHash(of: device.key).hex
        let issued = try #require(try await server.service.events(about: hash, are: ["device.key.issued"]).first)
        #expect(try issued.decode(JSONValue.self)["device_id"].string == device.id)
    }

    @Test func `the same Idempotency-Key gives the same answer and one device`() async throws {
        let organization = try await DevicesServer.shared().organization()
        func register(_ name: String) async throws -> TestHTTPResponse {
            try await organization.admin.send(
                .POST, "/api/v1/devices", headers: ["content-type": "application/json", "idempotency-key": "k1"],
                body: Array(#"{"name": "\#(name)", "device_type": "esp32"}"#.utf8))
        }
        let first = try await register("Freezer")
        let again = try await register("Freezer")
        #expect(first.status == 201)
        #expect(again.status == 201)
        #expect(again.json == first.json)
        #expect(try await register("Oven").status == 422)
        #expect(try await organization.admin.get("/api/v1/devices").json["items"].array?.count == 1)
    }

    @Test(
        arguments: [
            ([:], ["name", "device_type"]), (["name": "  ", "device_type": "esp32"], ["name"]),
            (["name": "x", "device_type": "an esp"], ["device_type"]),
            (["name": "x", "device_type": "esp32", "reading_interval": 0], ["reading_interval"]),
            (["name": "x", "device_type": "esp32", "mac_address": "nonsense"], ["mac_address"]),
            (["name": "x\u{0}", "device_type": "esp32"], ["name"]),
            (["name": "x", "device_type": "esp32", "properties": ["a": "\u{0}"]], ["properties"]),
            (["name": 7, "device_type": "esp32"], ["name"]),
            (["name": "x", "device_type": "esp32", "project_id": "x"], ["project_id"]),
            (["name": "x", "device_type": "esp32", "tags": ["a", 1]], ["tags[1]"]),
        ] as [(JSONValue, [String])])
    func `what is wrong with a registration is said by field`(body: JSONValue, fields: [String]) async throws {
        let organization = try await DevicesServer.shared().organization()
        let response = try await organization.admin.post("/api/v1/devices", body)
        #expect(response.status == 422)
        #expect(response.header("content-type") == "application/problem+json")
        #expect(Set(response.json["errors"].array?.compactMap(\.["field"].string) ?? []) == Set(fields))
    }

    @Test func `what is not JSON is refused`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let response = try await organization.admin.send(
            .POST, "/api/v1/devices", headers: ["content-type": "application/json"], body: Array("{".utf8))
        #expect(response.status == 400)
    }

    @Test func `a serial number is unique in its organization alone`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        _ = try await organization.device(["serial_number": "SN-1"])
        let other = try await organization.device(["serial_number": "SN-2"])
        let body: JSONValue = ["name": "x", "device_type": "esp32", "serial_number": "SN-1"]
        #expect(try await organization.admin.post("/api/v1/devices", body).status == 409)
        #expect(try await organization.admin.patch(other.path, ["serial_number": "SN-1"]).status == 409)
        _ = try await server.organization().device(["serial_number": "SN-1"])
    }

    @Test func `PATCH changes what it names and PUT leaves nothing else`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device(["model": "M1", "tags": ["a"], "location": "Room 12"])
        let patched = try await organization.admin.patch(device.path, ["name": "Oven", "model": nil])
        #expect(patched.status == 200)
        #expect(patched.json["name"] == "Oven")
        #expect(patched.json["model"].isNull)
        #expect(patched.json["tags"] == ["a"])
        #expect(patched.json["version"] == 2)
        let replaced = try await organization.admin.put(device.path, ["name": "Oven 2", "device_type": "esp32-s3"])
        #expect(replaced.json["tags"] == [])
        #expect(replaced.json["location"].isNull)
        #expect(replaced.json["device_type"] == "esp32-s3")
        #expect(replaced.header("etag") == "\"3\"")
        let unchanged = try await organization.admin.patch(device.path, ["name": "Oven 2"])
        #expect(unchanged.json["version"] == 3)

        let server = organization.server
        let events = try await server.service.events(
            about: device.id, are: ["device.registered", "device.updated", "device.updated"])
        #expect(events.map(\.subjectVersion) == [1, 2, 3])
        let id = try #require(UUID(uuidString: device.id))
        let type = try await server.service.query("SELECT entity_type FROM core.entities WHERE id = \(id)")
        #expect(try type.first?.decode(String.self, at: 0) == "device.esp32-s3")
    }

    @Test func `the audit trail tells who changed what from what to what`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        let user = UUID()
        _ = try await server.service.user(.owner, of: organization.id, id: user).patch(device.path, ["name": "Oven"])
        let id = try #require(UUID(uuidString: device.id))
        let row = try #require(
            try await server.service.query(
                """
                SELECT data->'before'->>'name', data->'after'->>'name', actor->>'id' FROM core.events
                WHERE entity_id = \(id) AND event_type = 'device.updated'
                """
            ).first)
        #expect(try row.decode(String.self, String.self, String.self) == ("Incubator 3", "Oven", user.text))
    }

    @Test func `a stale If-Match changes nothing, a current one does`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let admin = organization.admin
        #expect(try await admin.patch(device.path, ["name": "a"], headers: ["if-match": "\"1\""]).status == 200)
        #expect(try await admin.patch(device.path, ["name": "b"], headers: ["if-match": "\"1\""]).status == 412)
        #expect(try await admin.put(device.path, ["name": "b"], headers: ["if-match": "\"1\""]).status == 412)
        #expect(try await admin.delete(device.path, headers: ["if-match": "\"1\""]).status == 412)
        #expect(try await device.shown()["name"] == "a")
        #expect(try await admin.get(device.path, headers: ["if-none-match": "\"2\""]).status == 304)
        #expect(try await admin.delete(device.path, headers: ["if-match": "\"2\""]).status == 204)
    }

    @Test func `a device goes into projects of its organization alone`() async throws {
        let server = try await DevicesServer.shared()
        let (organization, other) = (try await server.organization(), try await server.organization())
        let (own, foreign) = (try await organization.project(), try await other.project())
        let device = try await organization.device()
        for project in [foreign.text, UUID().uuidString] {
            let body: JSONValue = ["name": "x", "device_type": "esp32", "project_id": .string(project)]
            for response in [
                try await organization.admin.post("/api/v1/devices", body),
                try await organization.admin.patch(device.path, ["project_id": .string(project)]),
            ] {
                #expect(response.status == 422)
                #expect(response.json["errors"][0]["field"] == "project_id")
            }
        }
        #expect(try await organization.admin.patch(device.path, ["project_id": .string(own.text)]).status == 200)
        #expect(try await device.shown()["project_id"].string == own.text)
        #expect(try await organization.admin.patch(device.path, ["project_id": nil]).status == 200)
        #expect(try await organization.admin.get("/api/v1/devices").json["items"].array?.count == 1)
    }

    @Test func `a deleted device is gone, and so are its key and its entity`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        _ = try await device.queue()
        #expect(try await device.client.get("\(device.path)/config").status == 200)
        #expect(try await organization.admin.delete(device.path).status == 204)
        #expect(try await organization.admin.get(device.path).status == 404)
        #expect(try await organization.admin.delete(device.path).status == 404)
        try await eventually(within: .seconds(3)) { try await device.client.get("\(device.path)/config").status == 401 }
        let id = try #require(UUID(uuidString: device.id))
        #expect(try await server.service.query("SELECT 1 FROM core.entities WHERE id = \(id)").isEmpty)
        let events = try await server.service.events(about: device.id, are: ["device.registered", "device.deleted"])
        #expect(
            try events.last?.decode(JSONValue.self) == [
                "id": .string(device.id), "organization_id": .string(organization.id.text), "version": 2,
            ])
        try await server.service.events(
            about: SecretHash(of: device.key).hex, are: ["device.key.issued", "device.key.revoked"])
    }

    @Test func `a person takes a device out of service and puts it back`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        #expect(
            try await organization.admin.patch(device.path, ["status": "maintenance"]).json["status"] == "maintenance")
        #expect(try await device.client.post("\(device.path)/heartbeat").status == 200)
        #expect(try await device.shown()["status"] == "maintenance")
        #expect(try await organization.admin.patch(device.path, ["status": "online"]).json["status"] == "offline")
        // What one change tells has one version, among which no order is promised.
        try await eventually {
            try await organization.server.service.events(about: device.id).map { "\($0.subjectVersion) \($0.type)" }
                .sorted()
                == [
                    "1 device.registered", "2 device.status_changed", "2 device.updated", "3 device.offline",
                    "3 device.updated",
                ]
        }
    }
}
