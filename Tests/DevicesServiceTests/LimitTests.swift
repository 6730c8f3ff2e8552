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
        // Behind all that the other tests make the service tell itself.
        try await eventually(within: .seconds(30)) { try await limit(server, organization.id) == 2 }
        let responses = try await withThrowingTaskGroup(of: TestHTTPResponse.self) { group in
            for number in 0..<12 {
                let body: JSONValue = ["name": .string("D\(number)"), "device_type": "esp32"]
                group.addTask { try await organization.admin.post("/api/v1/devices", body) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(responses.map(\.status).sorted() == [201, 201] + Array(repeating: 402, count: 10))
        let refused = try #require(responses.first { $0.status == 402 })
        #expect(refused.json["type"] == "urn:lms:problem:limit:devices")
        #expect(refused.json["detail"].string?.contains("free") == true)

        try await tell(server, organization.id, devices: nil, version: 3)
        try await eventually(within: .seconds(30)) { try await limit(server, organization.id) == -1 }
        _ = try await organization.device()
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

    /// What the projection holds, -1 for unlimited; nil while it holds nothing.
    private func limit(_ server: DevicesServer, _ organization: UUID) async throws -> Int? {
        let rows = try await server.service.query(
            "SELECT coalesce(devices, -1) FROM devices.limits WHERE organization_id = \(organization)")
        return try rows.first?.decode(Int.self, at: 0)
    }
}
