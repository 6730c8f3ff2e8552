import Foundation
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import RealtimeService

/// The activity names the people who did something.
struct ActivityTests {
    private let organization = UUID.v7()
    private let user = UUID.v7()
    private let device = UUID.v7()

    /// The user acts on an alert.
    private func acknowledge(in organization: UUID) async throws {
        let alert = UUID.v7()
        try await RealtimeServer.shared().tell(
            .alerts, "alert.acknowledged", alert, 2, organization, actor: "user:\(user.text)",
            [
                "id": .string(alert.text), "organization_id": .string(organization.text),
                "device_id": .string(device.text), "device_name": "Incubator", "severity": "high",
                "status": "acknowledged", "message": "Too hot", "triggered_at": "2026-11-24T02:00:00.000000Z",
            ])
    }

    private func tell(
        _ type: String, _ version: Int, of member: UUID? = nil, name: String = "", in organization: UUID
    ) async throws {
        let member = member ?? user
        try await RealtimeServer.shared().tell(
            .auth, type, member, version, organization,
            ["organization_id": .string(organization.text), "user_id": .string(member.text), "name": .string(name)])
    }

    /// Waits until the newest line of the activity is by that name, and what came before it has been applied.
    private func expect(_ name: String?, in organization: UUID) async throws {
        let reader = try await RealtimeServer.shared().service.user(.viewer, of: organization)
        try await eventually {
            let line = try await reader.get("/api/v1/dashboard").json["activity"][0]
            return line["user_id"].string == user.text && line["user_name"].string == name
        }
    }

    @Test func aLineNamesWhoDidIt() async throws {
        try await acknowledge(in: organization)
        try await tell("member.added", 1, name: "Ada <L>", in: organization)
        try await expect("Ada <L>", in: organization)
        let reader = try await RealtimeServer.shared().service.user(.viewer, of: organization)
        let fragment = try await reader.get("/dashboard/activity").text
        #expect(fragment.contains("Alert acknowledged by Ada &lt;L&gt; · Incubator"))
        // Another organization, where nobody knows the user, shows neither the name nor an id in its place.
        let other = UUID.v7()
        try await acknowledge(in: other)
        try await expect(nil, in: other)
        let stranger = try await RealtimeServer.shared().service.user(.viewer, of: other)
        let text = try await stranger.get("/dashboard/activity").text
        #expect(text.contains("<p>Alert acknowledged · Incubator</p>"))
    }

    @Test func whatADeviceDidIsNobodys() async throws {
        let server = try await RealtimeServer.shared()
        try await tell("member.added", 1, name: "Ada", in: organization)
        try await server.tell(
            .devices, "device.online", device, 1, organization, actor: "device:\(device.text)",
            [
                "device_id": .string(device.text), "organization_id": .string(organization.text), "status": "online",
                "last_seen": nil,
            ])
        let reader = try await server.service.user(.viewer, of: organization)
        let line = try await eventually {
            let line = try await reader.get("/api/v1/dashboard").json["activity"][0]
            return line["type"] == "device.online" ? JSONValue?.some(line) : .none
        }
        #expect(line["user_id"].isNull && line["user_name"].isNull)
    }

    @Test func theNameIsTodaysAndOutlivesTheMembership() async throws {
        try await tell("member.added", 1, name: "Ada", in: organization)
        try await acknowledge(in: organization)
        try await expect("Ada", in: organization)
        try await tell("user.updated", 3, name: "Ada King", in: organization)
        try await tell("user.updated", 2, name: "Ada Late", in: organization)
        try await tell("member.removed", 2, in: organization)
        // An addition from before the removal brings nobody back.
        try await tell("member.added", 1, name: "Ada Again", in: organization)
        // One stream is applied in its order: with the last of these, all have been.
        let last = UUID.v7()
        try await tell("member.added", 1, of: last, name: "Last", in: organization)
        let server = try await RealtimeServer.shared()
        let members: SQL = """
            SELECT name, removed_at IS NOT NULL FROM realtime.members WHERE organization_id = \(organization)
            ORDER BY name
            """
        let rows = try await eventually {
            let rows = try await server.service.query(members)
            return rows.count == 2 ? Rows?.some(rows) : .none
        }
        let found = try rows.map { try $0.decode(String.self, Bool.self) }
        #expect(found.map(\.0) == ["Ada King", "Last"] && found.map(\.1) == [true, false])
        try await expect("Ada King", in: organization)
    }

    @Test func formerMembersAreForgottenAfterWhatTheyDid() async throws {
        let server = try await RealtimeServer.shared()
        let old = Timestamp.now.adding(.seconds(-31 * 86_400))
        let recent = Timestamp.now.adding(.seconds(-29 * 86_400))
        for removedAt in [old, recent, nil] {
            try await server.service.query(
                """
                INSERT INTO realtime.members (organization_id, user_id, version, name, removed_at)
                VALUES (\(organization), \(UUID.v7()), 1, 'Ada', \(removedAt))
                """)
        }
        try await withClient(server.service.database.configuration(.realtime)) { client in
            try await Retention(database: client, logger: Logger(label: "test")).deleteOld(at: .now)
        }
        let left = try await server.service.query(
            "SELECT removed_at FROM realtime.members WHERE organization_id = \(organization) ORDER BY removed_at"
        ).map { try $0.decode(Timestamp?.self) }
        #expect(left == [recent, nil])
    }
}
