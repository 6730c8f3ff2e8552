import Foundation
import Kernel
import TestKit
import Testing

@testable import DevicesService

@Suite struct AdminDeviceTests {
    @Test func `a superuser sees the devices of all organizations, and may narrow them down`() async throws {
        let server = try await DevicesServer.shared()
        let (one, other) = (try await server.organization(), try await server.organization())
        let mark = UUID().uuidString.lowercased()
        let tag = JSONValue.string(String(mark.prefix(8)))
        let first = try await one.device(["name": .string("Fridge \(mark)"), "tags": [tag]])
        let second = try await other.device(["name": .string("Freezer \(mark)"), "device_type": "rp2040"])
        let root = try await superuser(server)
        func ids(_ query: String) async throws -> [String] {
            let response = try await root.get("/api/v1/admin/devices?\(query)")
            return response.json["items"].array?.compactMap(\.["id"].string) ?? [response.description]
        }
        #expect(try await ids("q=\(mark)") == [second.id, first.id])
        #expect(try await ids("q=\(mark)&order=asc") == [first.id, second.id])
        #expect(try await ids("organization_id=\(one.id.text)") == [first.id])
        #expect(try await ids("organization_id=\(one.id.text),\(other.id.text)") == [second.id, first.id])
        #expect(try await ids("q=\(mark)&device_type=rp2040") == [second.id])
        #expect(try await ids("tag=\(mark.prefix(8))") == [first.id])
        #expect(try await ids("id=\(first.id)&status=provisioned") == [first.id])
        #expect(try await ids("id=\(first.id)&status=online") == [])

        let page = try await root.get("/api/v1/admin/devices?q=\(mark)&limit=1").json
        #expect(page["items"][0]["organization_id"].string == other.id.text)
        let cursor = try #require(page["next_cursor"].string)
        #expect(try await ids("q=\(mark)&limit=1&cursor=\(cursor)") == [first.id])
        for wrong in ["organization_id=x", "status=asleep", "limit=0", "q=\(String(repeating: "x", count: 201))"] {
            #expect(try await root.get("/api/v1/admin/devices?\(wrong)").status == 422, "\(wrong)")
        }
    }

    @Test func `nobody else does, whatever the role`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let owner = try await server.service.user(.owner, of: organization.id)
        #expect(try await owner.get("/api/v1/admin/devices").status == 403)
        #expect(try await server.service.client.get("/api/v1/admin/devices").status == 401)
        let device = try await organization.device()
        #expect(try await device.client.get("/api/v1/admin/devices").status == 403)
    }

    /// Who administers the platform and is in no organization.
    private func superuser(_ server: DevicesServer) async throws -> TestHTTPClient {
        server.service.client.authorized(
            try await TestIssuer.shared().token(in: nil, as: nil, isSuperuser: true))
    }
}
