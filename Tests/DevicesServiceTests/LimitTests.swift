import EventBus
import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

@Suite struct LimitTests {
    @Test func `no more devices are registered than the plan allows, whoever is first`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        try await tell(server, organization.id, devices: 2, version: 2)
        try await tell(server, organization.id, devices: 9, version: 1)
        try await eventually { try await limit(server, organization.id) == 2 }
        let responses = try await withThrowingTaskGroup(of: TestHTTPResponse.self) { group in
            for number in 0..<5 {
                let body: JSONValue = ["name": .string("D\(number)"), "device_type": "esp32"]
                group.addTask { try await organization.admin.post("/api/v1/devices", body) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(responses.map(\.status).sorted() == [201, 201, 402, 402, 402])
        let refused = try #require(responses.first { $0.status == 402 })
        #expect(refused.json["type"] == "urn:lms:problem:limit:devices")
        #expect(refused.json["detail"].string?.contains("free") == true)

        try await tell(server, organization.id, devices: nil, version: 3)
        try await eventually { try await limit(server, organization.id) == nil }
        _ = try await organization.device()
    }

    @Test func `the devices of a deleted organization are deleted`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        let event = try Event(
            source: .auth, type: "organization.deleted", subject: organization.id.text, subjectVersion: 2,
            organizationID: organization.id, data: ["organization_id": organization.id.text])
        try await server.service.redis.xadd(StreamName.events(.auth), [("event", event.json)])
        try await server.service.events(about: device.id, are: ["device.registered", "device.deleted"])
        #expect(try await organization.admin.get(device.path).status == 404)
    }

    private func tell(_ server: DevicesServer, _ organization: UUID, devices: Int?, version: Int) async throws {
        let event = try Event(
            source: .billing, type: "limits.changed", subject: organization.text, subjectVersion: version,
            organizationID: organization,
            data: [
                "organization_id": .string(organization.text), "plan": "free",
                "limits": ["devices": devices.map { .number(Double($0)) } ?? .null, "members": 3],
            ] as JSONValue)
        try await server.service.redis.xadd(StreamName.events(.billing), [("event", event.json)])
    }

    private func limit(_ server: DevicesServer, _ organization: UUID) async throws -> Int? {
        let rows = try await server.service.query(
            "SELECT devices FROM devices.limits WHERE organization_id = \(organization)")
        return try #require(rows.first).decode(Int?.self, at: 0)
    }
}
