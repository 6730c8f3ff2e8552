import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

/// Commands that are given by a template.
@Suite struct TemplateOrderTests {
    @Test func `a command by a template has its type, its defaults and how it is handed out`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let template = try await organization.template([
            "device_types": ["esp32", "esp8266"], "priority": "high", "ttl_s": 600, "max_retries": 1,
        ])
        let order: JSONValue = ["template_id": .string(template.id), "parameters": ["buffer": 7]]
        let queued = try await organization.admin.post("\(device.path)/commands", order)
        #expect(queued.status == 201)
        #expect(queued.json["command_type"] == "calibrate")
        #expect(queued.json["parameters"] == ["sensor": "ph", "buffer": 7])
        #expect(queued.json["priority"] == "high")
        #expect(queued.json["max_retries"] == 1)
        #expect((595...605).contains(try Self.lifetime(of: queued.json)))

        let own = try await organization.admin.post(
            "/api/v1/commands",
            [
                "device_id": .string(device.id), "template_id": .string(template.id),
                "parameters": ["sensor": "orp", "buffer": 4], "priority": "low", "ttl_s": 60, "max_retries": 0,
            ])
        #expect(own.status == 201)
        #expect(own.json["parameters"] == ["sensor": "orp", "buffer": 4])
        #expect(own.json["priority"] == "low")
        #expect(own.json["max_retries"] == 0)
        #expect((55...65).contains(try Self.lifetime(of: own.json)))
        let ids = [queued, own].compactMap(\.json["id"].string)
        #expect(try await device.poll() == ids)
    }

    @Test func `without a word of the template's or the order's, commands are handed out as usual`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let template = try await organization.template(["parameters": .null, "defaults": .null])
        let queued = try await organization.admin.post(
            "\(device.path)/commands", ["template_id": .string(template.id), "parameters": ["anything": [1]]])
        #expect(queued.json["parameters"] == ["anything": [1]])
        #expect(queued.json["priority"] == "normal")
        #expect(queued.json["max_retries"] == 3)
    }

    @Test func `parameters that are not as the template describes are named by their paths`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let template = JSONValue.string(try await organization.template().id)
        for (parameters, fields) in [
            ([:], ["parameters.buffer"]), (["buffer": 15], ["parameters.buffer"]),
            (["buffer": 7, "sensor": .null], ["parameters.sensor"]),
            (["buffer": "7", "extra": 1], ["parameters.buffer", "parameters.extra"]),
        ] as [(JSONValue, [String])] {
            let refused = try await organization.admin.post(
                "\(device.path)/commands", ["template_id": template, "parameters": parameters])
            #expect(refused.status == 422)
            #expect(refused.json["errors"].array?.compactMap(\.["field"].string) == fields)
        }
        #expect(try await device.poll() == [])
    }

    @Test func `a command names its type or a template of the organization for this type of device`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        let suitable = JSONValue.string(try await organization.template(["name": "A"]).id)
        let unsuitable = JSONValue.string(
            try await organization.template(["name": "B", "device_types": ["esp8266"]]).id)
        let foreign = JSONValue.string(try await server.organization().template().id)
        let parameters: JSONValue = ["buffer": 7]
        for (body, field) in [
            (["template_id": unsuitable, "parameters": parameters], "template_id"),
            (["template_id": foreign, "parameters": parameters], "template_id"),
            (["template_id": .string(UUID().uuidString), "parameters": parameters], "template_id"),
            (["template_id": "x", "parameters": parameters], "template_id"),
            (["template_id": suitable, "command_type": "calibrate", "parameters": parameters], "template_id"),
            (["parameters": parameters], "command_type"),
        ] as [(JSONValue, String)] {
            let refused = try await organization.admin.post("\(device.path)/commands", body)
            #expect(refused.status == 422)
            #expect(refused.json["errors"].array?.compactMap(\.["field"].string) == [field])
        }
        #expect(try await device.poll() == [])
    }

    @Test func `a command outlives its template, and the same Idempotency-Key still gets it`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let template = try await organization.template()
        func queue() async throws -> TestHTTPResponse {
            try await organization.admin.post(
                "\(device.path)/commands", ["template_id": .string(template.id), "parameters": ["buffer": 7]],
                headers: ["idempotency-key": "k1"])
        }
        let first = try await queue()
        #expect(first.status == 201)
        #expect(try await organization.admin.delete(template.path).status == 204)
        #expect(try await queue().json == first.json)
        #expect(try await device.poll() == [first.json["id"].string])
    }

    @Test func `a member gives commands by templates, and cannot make any`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let template = try await organization.template()
        let member = try await organization.server.service.user(.member, of: organization.id)
        let queued = try await member.post(
            "\(device.path)/commands", ["template_id": .string(template.id), "parameters": ["buffer": 7]])
        #expect(queued.status == 201)
        #expect(try await member.get(template.path).status == 200)
        #expect(try await member.post(TestTemplate.path, TestTemplate.body(["name": "Mine"])).status == 403)
    }

    /// Seconds from its making until it expires.
    private static func lifetime(of command: JSONValue) throws -> Int64 {
        let made = try #require(Timestamp(rfc3339: command["created_at"].string ?? ""))
        let expires = try #require(Timestamp(rfc3339: command["expires_at"].string ?? ""))
        return expires.since(made).components.seconds
    }
}
