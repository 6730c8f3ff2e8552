import EventBus
import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

/// What this service tells anew, and what it has told anew to itself.
@Suite struct SnapshotTests {
    /// All pages of a snapshot.
    private func read(_ kind: String, of server: DevicesServer) async throws -> [Event] {
        let service = try await server.service.peer()
        var events: [Event] = []
        var query = ""
        repeat {
            let response = try await service.get("/internal/v1/snapshot/\(kind)\(query)")
            #expect(response.status == 200)
            let page = try JSONDecoder().decode(SnapshotPage.self, from: Data(response.text.utf8))
            events += page.items
            query = page.next.map { "?after=\($0)" } ?? ""
        } while !query.isEmpty
        return events
    }

    @Test func `a snapshot has every device and every key that is not revoked, as they are`() async throws {
        let server = try await DevicesServer.start(on: try await DevicesServer.makeDatabase())
        let organization = try await server.organization()
        let (first, second, deleted) = (
            try await organization.device(), try await organization.device(), try await organization.device()
        )
        _ = try await organization.admin.post("\(first.path)/rotate-key", ["overlap_s": 60])
        _ = try await organization.admin.post("\(second.path)/rotate-key", ["overlap_s": 0])
        #expect(try await organization.admin.delete(deleted.path).status == 204)

        let devices = try await read("devices", of: server)
        #expect(devices.map(\.subject) == [first.id, second.id].sorted())
        #expect(Set(devices.map(\.type)) == ["device.registered"])
        let shown = try await first.shown()
        let event = try #require(devices.first { $0.subject == first.id })
        #expect(event.subjectVersion == shown["version"].int && event.organizationID == organization.id)
        #expect(try event.decode(JSONValue.self) == shown)

        let keys = try await read("keys", of: server)
        #expect(keys.count == 3 && Set(keys.map(\.type)) == ["device.key.issued"])
        let ending = try #require(keys.first { $0.subject == SecretHash(of: first.key).hex })
        #expect(ending.subjectVersion == 2)
        #expect(try ending.decode(JSONValue.self)["expires_at"].string != nil)
        #expect(!keys.contains { [second.key, deleted.key].map { SecretHash(of: $0).hex }.contains($0.subject) })
    }

    @Test func `a long snapshot comes in pages`() async throws {
        let server = try await DevicesServer.start(on: try await DevicesServer.makeDatabase())
        let organization = try await server.organization()
        let device = try await organization.device()
        let count = SnapshotPage.size * 2
        try await server.service.query(
            """
            INSERT INTO devices.device_keys (key_hash, organization_id, device_id)
            SELECT sha256(number::text::bytea), \(organization.id), id
            FROM devices.devices, generate_series(1, \(count)) AS number
            """)
        let keys = try await read("keys", of: server)
        #expect(keys.count == count + 1 && Set(keys.map(\.subject)).count == count + 1)
        #expect(keys.contains { $0.subject == SecretHash(of: device.key).hex })
    }

    @Test func `when events are lost, limits become those of billing and devices leave deleted projects`() async throws
    {
        let owner = try await TestOwner.start()
        let server = try await DevicesServer.start(
            on: try await DevicesServer.makeDatabase(),
            settings: ["LMS_AUTH_URL": owner.url, "LMS_BILLING_URL": owner.url])
        let (organization, other) = (try await server.organization(), try await server.organization())
        func limits(_ organization: UUID, _ devices: Int, version: Int) throws -> Event {
            try Event(
                source: .billing, type: "limits.changed", subject: organization.text, subjectVersion: version,
                organizationID: organization,
                data: [
                    "organization_id": .string(organization.text), "plan": "free",
                    "limits": ["devices": .number(Double(devices))],
                ] as JSONValue)
        }
        func known() async throws -> [UUID: Int] {
            let rows = try await server.service.query("SELECT organization_id, devices FROM devices.limits")
            return try Dictionary(uniqueKeysWithValues: rows.map { try $0.decode(UUID.self, Int.self) })
        }
        let (kept, deleted) = (try await organization.project(), try await organization.project())
        let stays = try await organization.device(["project_id": .string(kept.text)])
        let leaves = try await organization.device(["project_id": .string(deleted.text)])
        let fleet = try await organization.fleet([
            "defaults": ["project_id": .string(try await organization.project().text), "tags": ["lab"]]
        ])
        for id in [organization.id, other.id] { try await server.service.publish(limits(id, 5, version: 1)) }
        try await eventually { try await known() == [organization.id: 5, other.id: 5] }

        owner.set("limits", [try limits(organization.id, 7, version: 2)])
        owner.set(
            "organizations",
            [
                try Event(
                    source: .auth, type: "organization.updated", subject: organization.id.text, subjectVersion: 1,
                    organizationID: organization.id, data: ["organization_id": organization.id.text])
            ])
        owner.set(
            "projects",
            [
                try Event(
                    source: .auth, type: "project.updated", subject: kept.text, subjectVersion: 1,
                    organizationID: organization.id, data: ["id": kept.text])
            ])
        try await server.service.redis.del(StreamName.events(.billing), StreamName.events(.auth))
        try await eventually { try await known() == [organization.id: 7] }
        try await server.service.events(about: leaves.id, are: ["device.registered", "device.updated"])
        #expect(try await leaves.shown()["project_id"].isNull)
        #expect(try await stays.shown()["project_id"].string == kept.text)
        #expect(try await fleet.shown()["defaults"] == ["tags": ["lab"]])
        try await server.service.publish(limits(other.id, 3, version: 2))
        try await eventually { try await known()[other.id] == 3 }
    }
}
