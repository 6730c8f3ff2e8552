import EventBus
import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// What somebody reads who may see single devices and projects only.
@Suite struct GrantTests {
    /// What sums up readings; series without any in the range are answered, too.
    private static let analyses = [
        "/api/v1/readings/aggregation?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&interval=1d",
        "/api/v1/readings/stats?limit=100", "/api/v1/readings/quality?limit=100",
        "/api/v1/readings/trends?limit=100",
    ]

    /// The devices whose series are answered.
    private func devices(_ client: TestHTTPClient, _ path: String) async throws -> Set<String> {
        let answer = try await client.get(path).json
        let series = try #require(answer["items"].array ?? answer["series"].array, "\(path)")
        return Set(series.compactMap { $0["device_id"].string })
    }

    private func values(_ client: TestHTTPClient, _ path: String) async throws -> Set<Double> {
        let items = try #require(try await client.get(path).json["items"].array)
        return Set(items.compactMap { $0["value"].double })
    }

    @Test func `lists show what the grants name, and the rest is not there`() async throws {
        let server = try await ReadingsServer.shared()
        let (organization, project) = (UUID.v7(), UUID.v7())
        let granted = try await server.device(of: organization)
        let ofProject = try await server.device(of: organization, project: project)
        let other = try await server.device(of: organization, project: .v7())
        for (device, value) in [(granted, 1.0), (ofProject, 2), (other, 3)] {
            #expect(try await device.send(["sensor_type": "t", "value": .number(value)]).status == 201)
        }
        let guest = try await server.service.user(
            nil, of: organization,
            grants: [
                ResourceGrant(resource: .device(granted.id), role: .viewer),
                ResourceGrant(resource: .project(project), role: .viewer),
            ])
        let member = try await server.service.user(.viewer, of: organization)
        for path in ["/api/v1/readings", "/api/v1/readings/latest"] {
            #expect(try await values(guest, path) == [1, 2], "\(path)")
            #expect(try await values(guest, "\(path)?device_id=\(other.id.text)") == [], "\(path)")
            #expect(try await values(member, path) == [1, 2, 3], "\(path)")
        }
        for (device, status) in [(granted, 200), (ofProject, 200), (other, 404)] {
            for path in [device.path, "\(device.path)/latest", "\(device.path)/stats"] {
                #expect(try await guest.get(path).status == status)
                #expect(try await member.get(path).status == 200)
            }
        }
        for path in Self.analyses {
            #expect(try await devices(guest, path) == [granted.id.text, ofProject.id.text], "\(path)")
            #expect(try await devices(guest, "\(path)&device_id=\(other.id.text)") == [], "\(path)")
            #expect(try await devices(member, path).count == 3, "\(path)")
        }
        // In another organization the same grants are worth nothing.
        let stranger = try await server.service.user(
            nil, of: .v7(), grants: [ResourceGrant(resource: .device(granted.id), role: .admin)])
        #expect(try await stranger.get(granted.path).status == 404)
        #expect(try await values(stranger, "/api/v1/readings") == [])
        for path in Self.analyses {
            #expect(try await devices(stranger, "\(path)&device_id=\(granted.id.text)") == [], "\(path)")
        }
    }

    @Test func `a device that changes its project is seen by those of the new one`() async throws {
        let server = try await ReadingsServer.shared()
        let (organization, device) = (UUID.v7(), UUID.v7())
        let projects = [UUID.v7(), UUID.v7()]
        let path = "/api/v1/devices/\(device.text)/readings"
        for (index, project) in projects.enumerated() {
            try await server.service.publish(
                Event(
                    source: .devices, type: index == 0 ? "device.registered" : "device.updated", subject: device.text,
                    subjectVersion: index + 1, organizationID: organization,
                    data: [
                        "id": device.text, "organization_id": organization.text, "project_id": project.text,
                    ]))
            let statuses: [Int] = projects.map { $0 == project ? 200 : 404 }
            try await eventually {
                var found: [Int] = []
                for other in projects {
                    let guest = try await server.service.user(
                        nil, of: organization, grants: [ResourceGrant(resource: .project(other), role: .viewer)])
                    found.append(try await guest.get(path).status)
                }
                return found == statuses
            }
        }
    }
}
