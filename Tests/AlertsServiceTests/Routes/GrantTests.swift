import EventBus
import Foundation
import Identity
import Kernel
import TestKit
import Testing

@testable import AlertsService

/// What somebody sees and does who may reach single devices and projects only.
@Suite struct GrantTests {
    /// Three devices with an alert each: granted, of a granted project, neither.
    private struct Scene {
        let laboratory: Laboratory
        let guest: TestHTTPClient
        let devices: [UUID]
        let alerts: [String]
    }

    private func scene(as role: Role) async throws -> Scene {
        let laboratory = try await AlertsServer.shared().laboratory()
        let project = UUID.v7()
        let devices = [UUID.v7(), .v7(), .v7()]
        for device in devices {
            var data = ["id": device.text, "organization_id": laboratory.organization.text, "name": "Incubator"]
            if device == devices[1] { data["project_id"] = project.text }
            try await laboratory.server.publish(
                Event(
                    source: .devices, type: "device.registered", subject: device.text, subjectVersion: 1,
                    organizationID: laboratory.organization, data: data))
        }
        try await eventually {
            let known = try await laboratory.server.query(
                "SELECT 1 FROM alerts.devices WHERE organization_id = \(laboratory.organization)")
            return known.count == devices.count
        }
        _ = try await laboratory.makeRule()
        var alerts: [String] = []
        for device in devices {
            try await laboratory.send(device, [(1000, 40)])
            alerts.append(try #require(try await laboratory.alert(device, status: "active")["id"].string))
        }
        let token = try await TestIssuer.shared().token(
            in: laboratory.organization, as: nil,
            grants: [
                ResourceGrant(resource: .device(devices[0]), role: role),
                ResourceGrant(resource: .project(project), role: role),
            ])
        return Scene(
            laboratory: laboratory, guest: laboratory.server.anonymous.authorized(token), devices: devices,
            alerts: alerts)
    }

    @Test func `lists and counts are of the devices that the grants name`() async throws {
        let scene = try await scene(as: .viewer)
        for path in ["/api/v1/alerts", "/api/v1/alerts/active"] {
            let items = try await scene.guest.get(path).json["items"].array ?? []
            #expect(Set(items.compactMap { $0["id"].string }) == Set(scene.alerts.prefix(2)), "\(path)")
        }
        let hidden = try await scene.guest.get("/api/v1/alerts?device_id=\(scene.devices[2].text)")
        #expect(hidden.json["items"] == [])
        let counts = try await scene.guest.get("/api/v1/alerts/stats")
        let all = try await scene.laboratory.client(.viewer).get("/api/v1/alerts/stats")
        #expect(counts.status == 200)
        #expect(counts.json["total"] == 2)
        #expect(all.json["total"] == 3)
        for (alert, status) in zip(scene.alerts, [200, 200, 404]) {
            #expect(try await scene.guest.get("/api/v1/alerts/\(alert)").status == status)
        }
    }

    @Test func `an action takes a member's role on the device`() async throws {
        for (role, statuses) in [(Role.viewer, [403, 403, 403]), (.member, [200, 200, 404])] {
            let scene = try await scene(as: role)
            for (alert, status) in zip(scene.alerts, statuses) {
                for action in ["acknowledge", "dismiss", "reopen", "resolve"] {
                    let path = "/api/v1/alerts/\(alert)/\(action)"
                    #expect(try await scene.guest.send(.PUT, path).status == status, "\(role) \(action)")
                }
                let path = "/api/v1/alerts/\(alert)"
                let comment = try await scene.guest.post("\(path)/comments", ["text": "seen"])
                #expect(comment.status == (status == 200 ? 201 : status), "\(role)")
                // What is resolved is not assigned.
                let assigned = try await scene.guest.put("\(path)/assign", ["user_id": nil])
                #expect(assigned.status == (status == 200 ? 409 : status), "\(role)")
            }
        }
    }

    @Test(arguments: ["rules", "channels", "notifications", "maintenance-windows"])
    func `what is the organization's own is refused`(part: String) async throws {
        let scene = try await scene(as: .admin)
        #expect(try await scene.guest.get("/api/v1/alerts/\(part)").status == 403)
    }
}
