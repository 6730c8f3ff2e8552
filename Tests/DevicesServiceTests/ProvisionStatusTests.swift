import Foundation
import Identity
import Kernel
import TestKit
import Testing

@testable import DevicesService

@Suite struct ProvisionStatusTests {
    @Test func `a device that a person registered says so`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let user = UUID()
        let admin = try await server.service.user(.admin, of: organization.id, id: user)
        let made = try await admin.post("/api/v1/devices", ["name": "Oven", "device_type": "esp32"])
        let path = "/api/v1/devices/\(made.json["id"].string ?? "")/provision-status"
        let status = try await organization.admin.get(path)
        #expect(status.status == 200)
        #expect(status.json["status"] == "provisioned")
        #expect(status.json["provisioned_at"] == made.json["created_at"])
        #expect(status.json["provisioned_by"] == ["type": "user", "id": .string(user.text), "name": nil])
        #expect(status.json["provisioning"].isNull)
        #expect(status.json["claimed_by"].isNull)
        #expect(status.json["seen"] == false)
        #expect(status.json["last_seen"].isNull)
    }

    @Test func `a provisioned device tells its fleet key, and whether it has been seen and configured`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let fleet = try await organization.fleet(["name": "Line 7", "defaults": ["config": ["a": 1]]])
        let device = try await fleet.device("SN-1")
        let path = "\(device.path)/provision-status"
        let first = try await device.client.get(path).json
        #expect(
            first["provisioned_by"] == ["type": "provisioning_key", "id": .string(fleet.id), "name": "Line 7"])
        #expect(first["provisioning"]["times"] == 1)
        #expect(first["provisioning"]["address"] == "127.0.0.1")
        #expect(first["config_version"] == 1)
        #expect(first["config_applied"] == false)

        #expect(try await device.client.post("\(device.path)/heartbeat", ["config_version": 1]).status == 200)
        let other = try await organization.fleet(["name": "Service desk"])
        #expect(try await other.provision("SN-1", from: "2001:db8::7").status == 200)
        _ = try await organization.admin.delete("\(TestFleet.path)/\(other.id)")
        let later = try await organization.admin.get(path).json
        #expect(later["status"] == "online")
        #expect(later["seen"] == true)
        #expect(later["last_seen"].string != nil)
        #expect(later["config_applied"] == true)
        #expect(later["config_applied_at"].string != nil)
        #expect(later["provisioned_by"]["id"].string == fleet.id)
        #expect(later["provisioning"]["provisioning_key_name"] == "Service desk")
        #expect(later["provisioning"]["address"] == "2001:db8::7")
        #expect(later["provisioning"]["times"] == 2)

        _ = try await organization.admin.put("\(device.path)/config", ["config": ["a": 2]])
        #expect(try await organization.admin.get(path).json["config_applied"] == false)
    }

    @Test func `who may see the device may see it, and nobody else`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let (device, other) = (try await organization.device(), try await organization.device())
        let path = "\(device.path)/provision-status"
        let id = try #require(UUID(uuidString: device.id))
        let grant = ResourceGrant(resource: .device(id), role: .viewer)
        let guest = try await server.service.user(nil, of: organization.id, grants: [grant])
        #expect(try await guest.get(path).status == 200)
        #expect(try await guest.get("\(other.path)/provision-status").status == 404)
        #expect(try await other.client.get(path).status == 404)
        #expect(try await server.organization().admin.get(path).status == 404)
    }
}
