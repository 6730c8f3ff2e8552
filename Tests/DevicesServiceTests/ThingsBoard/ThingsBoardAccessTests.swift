import Foundation
import TestKit
import Testing

@testable import DevicesService

@Suite struct ThingsBoardAccessTests {
    @Test func `the key in the path alone says who calls, and no answer names it`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let (device, other) = (try await organization.device(), try await organization.device())
        try await device.configure(["a": 1])
        let path = device.thingsBoard("attributes")
        for client in [server.service.client, organization.admin, other.client] {
            #expect(try await client.get(path).json == ["shared": ["a": 1]])
        }
        let token = try await TestIssuer.shared().token(in: organization.id, as: .owner)
        let wrong = String(device.key.dropLast()) + (device.key.hasSuffix("A") ? "B" : "A")
        for token in [token, wrong, "lms_dev_x", "x"] {
            for path in ["attributes", "attributes/updates?timeout=1", "rpc?timeout=1", "firmware"] {
                let answer = try await server.service.client.get("/api/v1/\(token)/\(path)")
                #expect(answer.status == 401, "\(path)")
            }
        }
        #expect(try await organization.admin.get("/api/v1/lms_dev_x/attributes").status == 401)
        #expect(try await organization.admin.get("/api/v1/x/attributes").status == 403)

        let refused = try await device.anonymous.get(device.thingsBoard("rpc?timeout=x"))
        #expect(refused.status == 422)
        #expect(refused.json["instance"] == "/api/v1/[redacted]/rpc")
        #expect(!refused.text.contains(device.key))
        let metrics = try await server.service.client.get("/metrics").text
        #expect(metrics.contains("/api/v1/{token}/rpc"))
        #expect(!metrics.contains("lms_dev_"))
        #expect(try await device.anonymous.put(path, [:]).status == 405)
    }

    @Test func `a key that is revoked is refused in the path, too`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        #expect(try await device.anonymous.get(device.thingsBoard("attributes")).status == 200)
        #expect(try await organization.admin.delete(device.path).status == 204)
        try await eventually {
            try await device.anonymous.get(device.thingsBoard("attributes")).status == 401
        }
    }
}
