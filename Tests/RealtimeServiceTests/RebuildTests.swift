import EventBus
import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import RealtimeService

/// What the dashboard knows after events were lost.
struct RebuildTests {
    private let organization = UUID.v7()

    private func device(_ id: UUID, _ name: String, version: Int = 1, status: String = "provisioned") throws -> Event {
        try Event(
            source: .devices, type: "device.registered", subject: id.text, subjectVersion: version,
            organizationID: organization,
            data: [
                "id": .string(id.text), "organization_id": .string(organization.text), "name": .string(name),
                "device_type": "esp32", "status": .string(status), "last_seen": nil,
            ] as JSONValue)
    }

    private func alert(_ id: UUID, _ message: String) throws -> Event {
        try Event(
            source: .alerts, type: "alert.triggered", subject: id.text, subjectVersion: 1,
            organizationID: organization,
            data: [
                "id": .string(id.text), "organization_id": .string(organization.text), "device_id": nil,
                "severity": "high", "status": "active", "message": .string(message),
                "triggered_at": "2026-11-24T02:00:00.000000Z",
            ] as JSONValue)
    }

    private func member(_ user: UUID, _ name: String) throws -> Event {
        try Event(
            source: .auth, type: "member.added", subject: "\(organization.text)/\(user.text)", subjectVersion: 1,
            organizationID: organization,
            data: ["organization_id": organization.text, "user_id": user.text, "name": name])
    }

    private func user(_ id: UUID, _ name: String, version: Int) throws -> Event {
        try Event(
            source: .auth, type: "user.updated", subject: id.text, subjectVersion: version, organizationID: nil,
            data: ["user_id": id.text, "name": name])
    }

    @Test func `the dashboard shows what its owners have, and nothing of it as news`() async throws {
        let owner = try await TestOwner.start()
        let server = try await RealtimeServer.start(
            settings: ["LMS_AUTH_URL": owner.url, "LMS_DEVICES_URL": owner.url, "LMS_ALERTS_URL": owner.url])
        let viewer = try await server.service.user(.viewer, of: organization)
        func names(_ list: String, _ field: String) async throws -> Set<String> {
            let items = try await viewer.get("/api/v1/dashboard").json[list].array ?? []
            return Set(items.compactMap { $0[field].string })
        }
        func members() async throws -> [String] {
            try await server.service.query(
                "SELECT name FROM realtime.members WHERE removed_at IS NULL ORDER BY name"
            ).map { try $0.decode(String.self) }
        }
        let (kept, deleted, missed) = (UUID.v7(), UUID.v7(), UUID.v7())
        let (open, resolved, raised) = (UUID.v7(), UUID.v7(), UUID.v7())
        let (stays, leaves, joins) = (UUID.v7(), UUID.v7(), UUID.v7())
        for event in try [
            device(kept, "Kept"), device(deleted, "Deleted"), alert(open, "Open"), alert(resolved, "Resolved"),
            member(stays, "Ada"), member(leaves, "Eve"),
        ] {
            try await server.service.publish(event)
        }
        try await eventually { try await names("devices", "name") == ["Kept", "Deleted"] }
        try await eventually { try await names("alerts", "message") == ["Open", "Resolved"] }
        try await eventually { try await members() == ["Ada", "Eve"] }
        let news = try await viewer.get("/api/v1/dashboard").json["activity"].array?.count

        let lab = try Event(
            source: .auth, type: "organization.updated", subject: organization.text, subjectVersion: 1,
            organizationID: organization, data: ["organization_id": organization.text])
        owner.set("organizations", [lab])
        owner.set("members", try [member(stays, "Ada"), member(joins, "Bob")])
        owner.set("users", try [user(stays, "Ada L", version: 2), user(joins, "Bob", version: 1)])
        owner.set("devices", try [device(kept, "Kept", version: 2, status: "online"), device(missed, "Missed")])
        owner.set("alerts", try [alert(open, "Open"), alert(raised, "Raised")])
        try await server.service.redis.del(
            StreamName.events(.auth), StreamName.events(.devices), StreamName.events(.alerts))
        try await eventually { try await names("devices", "name") == ["Kept", "Missed"] }
        try await eventually { try await names("devices", "status") == ["online", "provisioned"] }
        try await eventually { try await names("alerts", "message") == ["Open", "Raised"] }
        try await eventually { try await members() == ["Ada L", "Bob"] }
        // Whoever is gone may have deleted the account.
        #expect(try await server.service.query("SELECT 1 FROM realtime.members WHERE name = 'Eve'").isEmpty)
        #expect(try await viewer.get("/api/v1/dashboard").json["activity"].array?.count == news)
    }
}
