import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

/// The commands that organizations prepare.
@Suite struct CommandTemplateTests {
    @Test func `a template is made, shown, replaced and deleted, each with a row in the audit trail`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let admin = organization.admin
        let template = try await organization.template([
            "name": " Calibrate pH ", "description": "Before each run", "device_types": ["esp32"], "priority": "high",
            "ttl_s": 600, "max_retries": 0,
        ])
        #expect(template.answer.header("location") == template.path)
        #expect(template.answer.header("etag") == "\"1\"")
        let shown = try await admin.get(template.path)
        #expect(shown.json == template.answer.json)
        #expect(shown.json["name"] == "Calibrate pH")
        #expect(shown.json["parameters"] == TestTemplate.calibration["parameters"])
        #expect(shown.json["defaults"] == ["sensor": "ph"])
        #expect(shown.json["device_types"] == ["esp32"])
        #expect(shown.json["priority"] == "high")
        #expect(shown.json["ttl_s"] == 600)
        #expect(shown.json["max_retries"] == 0)
        #expect(try await admin.get(template.path, headers: ["if-none-match": "\"1\""]).status == 304)

        let stale = try await admin.put(template.path, TestTemplate.body(), headers: ["if-match": "\"2\""])
        #expect(stale.status == 412)
        let replaced = try await admin.put(template.path, TestTemplate.body(), headers: ["if-match": "\"1\""])
        #expect(replaced.status == 200)
        #expect(replaced.json["version"] == 2)
        #expect(replaced.json["description"] == "")
        #expect(replaced.json["device_types"] == [])
        for field in ["priority", "ttl_s", "max_retries"] { #expect(replaced.json[field].isNull, "\(field)") }
        #expect(try await admin.put(template.path, TestTemplate.body()).json["version"] == 2)

        #expect(try await admin.delete(template.path, headers: ["if-match": "\"1\""]).status == 412)
        #expect(try await admin.delete(template.path).status == 204)
        #expect(try await admin.delete(template.path).status == 404)
        #expect(try await admin.get(template.path).status == 404)
        let id = try #require(UUID(uuidString: template.id))
        let audit = try await organization.server.service.query(
            "SELECT event_type FROM core.events WHERE entity_id = \(id) ORDER BY id")
        #expect(
            try audit.map { try $0.decode(String.self, at: 0) } == [
                "command_template.created", "command_template.updated", "command_template.deleted",
            ])
    }

    @Test func `templates are listed by pages`() async throws {
        let organization = try await DevicesServer.shared().organization()
        for number in 1...3 { _ = try await organization.template(["name": .string("Template \(number)")]) }
        let first = try await organization.admin.get("\(TestTemplate.path)?limit=2").json
        #expect(first["items"].array?.map { $0["name"] } == ["Template 3", "Template 2"])
        let cursor = try #require(first["next_cursor"].string)
        let last = try await organization.admin.get("\(TestTemplate.path)?limit=2&cursor=\(cursor)").json
        #expect(last["items"].array?.map { $0["name"] } == ["Template 1"])
        #expect(last["next_cursor"].isNull)
    }

    @Test func `a name is there once in an organization`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        _ = try await organization.template()
        let other = try await organization.template(["name": "Another"])
        #expect(try await organization.admin.post(TestTemplate.path, TestTemplate.body()).status == 409)
        #expect(try await organization.admin.put(other.path, TestTemplate.body()).status == 409)
        _ = try await server.organization().template()
    }

    @Test func `the same Idempotency-Key makes one template`() async throws {
        let organization = try await DevicesServer.shared().organization()
        func make(_ name: String) async throws -> TestHTTPResponse {
            try await organization.admin.post(
                TestTemplate.path, TestTemplate.body(["name": .string(name)]), headers: ["idempotency-key": "k1"])
        }
        let first = try await make("One")
        #expect(first.status == 201)
        #expect(try await make("One").json == first.json)
        #expect(try await make("Two").status == 422)
        #expect(try await organization.admin.get(TestTemplate.path).json["items"].array?.count == 1)
    }

    @Test func `another organization's template does not exist`() async throws {
        let server = try await DevicesServer.shared()
        let template = try await server.organization().template()
        let other = try await server.organization()
        #expect(try await other.admin.get(TestTemplate.path).json["items"] == [])
        #expect(try await other.admin.get(template.path).status == 404)
        #expect(try await other.admin.put(template.path, TestTemplate.body()).status == 404)
        #expect(try await other.admin.delete(template.path).status == 404)
    }

    @Test(
        arguments: [
            (["name": "  "], "name"), (["name": .null], "name"), (["command_type": "a b"], "command_type"),
            (["device_types": ["esp32", "a b"]], "device_types[1]"), (["ttl_s": 0], "ttl_s"),
            (["max_retries": 11], "max_retries"), (["priority": "urgent"], "priority"),
            (["parameters": [1]], "parameters"), (["parameters": ["pattern": "x"]], "parameters.pattern"),
            (["parameters": ["type": "string"]], "parameters.type"), (["defaults": [1]], "defaults"),
            (["defaults": ["buffer": 15]], "defaults.buffer"), (["defaults": ["extra": 1]], "defaults.extra"),
            (["defaults": ["sensor": "\u{0}"], "parameters": [:]], "defaults"),
        ] as [([String: JSONValue], String)])
    func `what is wrong with a template is said by field`(fields: [String: JSONValue], field: String) async throws {
        let organization = try await DevicesServer.shared().organization()
        let response = try await organization.admin.post(TestTemplate.path, TestTemplate.body(fields))
        #expect(response.status == 422)
        #expect(response.json["errors"].array?.compactMap(\.["field"].string) == [field])
    }
}
