import EventBus
import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

/// What this service knows of members, from events and from the snapshot of their owner.
@Suite struct MemberTests {
    private let organization = UUID.v7()

    private func member(
        _ type: String, _ user: UUID, _ name: String, version: Int, of organization: UUID? = nil
    ) throws -> Event {
        let organization = organization ?? self.organization
        return try Event(
            source: .auth, type: "member.\(type)", subject: "\(organization.text)/\(user.text)",
            subjectVersion: version, organizationID: organization,
            data: ["organization_id": organization.text, "user_id": user.text, "name": name])
    }

    private func user(_ type: String, _ id: UUID, _ name: String, version: Int) throws -> Event {
        try Event(
            source: .auth, type: "user.\(type)", subject: id.text, subjectVersion: version, organizationID: nil,
            data: ["user_id": id.text, "name": name])
    }

    /// Names and whether they are members still.
    private func members(_ server: AlertsServer) async throws -> [String: Bool] {
        let rows = try await server.query(
            """
            SELECT name, removed_at IS NULL FROM alerts.members
            WHERE organization_id = \(organization) AND name <> '' ORDER BY name
            """)
        return try Dictionary(uniqueKeysWithValues: rows.map { try $0.decode(String.self, Bool.self) })
    }

    @Test func `members come, are renamed and go, and no late event undoes it`() async throws {
        let server = try await AlertsServer.shared()
        let (ada, eve) = (UUID.v7(), UUID.v7())
        for event in try [
            member("added", ada, "Ada", version: 1), member("added", eve, "Eve", version: 1),
            user("updated", ada, "Ada L", version: 2), user("updated", ada, "Ada", version: 1),
            member("removed", eve, "", version: 2), member("added", eve, "Eve", version: 1),
        ] {
            try await server.publish(event)
        }
        try await eventually { try await members(server) == ["Ada L": true, "Eve": false] }
        try await server.publish(member("added", eve, "Eve", version: 3))
        try await eventually { try await members(server) == ["Ada L": true, "Eve": true] }
    }

    @Test func `who has deleted the account is named no more`() async throws {
        let server = try await AlertsServer.shared()
        let (eve, last) = (UUID.v7(), UUID.v7())
        try await server.publish(member("added", eve, "Eve", version: 1))
        try await eventually { try await members(server) == ["Eve": true] }
        for event in try [
            user("deleted", eve, "", version: 2), member("added", eve, "Eve", version: 1),
            user("updated", eve, "Eve", version: 1), member("added", last, "Last", version: 1),
        ] {
            try await server.publish(event)
        }
        try await eventually { try await members(server) == ["Last": true] }
    }

    @Test func `when events are lost, members become those that there are, and alerts are taken off the others`()
        async throws
    {
        let owner = try await TestOwner.start()
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase(), auth: owner.url)
        let laboratory = Laboratory(server: server, organization: organization)
        let stays = try await laboratory.addMember("Ada")
        let leaves = try await laboratory.addMember("Eve")
        let client = try await laboratory.client(.member)
        var alerts: [UUID: String] = [:]
        for user in [stays, leaves] {
            let id = try await laboratory.raise(.v7())
            let answer = try await client.put("/api/v1/alerts/\(id)/assign", ["user_id": .string(user.text)])
            #expect(answer.status == 200, "\(answer)")
            alerts[user] = id
        }
        owner.set(
            "organizations",
            [
                try Event(
                    source: .auth, type: "organization.updated", subject: organization.text, subjectVersion: 1,
                    organizationID: organization, data: ["organization_id": organization.text])
            ])
        owner.set(
            "members",
            try [member("added", stays, "Ada", version: 1), member("added", .v7(), "Bob", version: 1)])
        owner.set("users", try [user("updated", stays, "Ada L", version: 2)])
        try await server.redis.del(StreamName.events(.auth))
        try await eventually { try await members(server) == ["Ada L": true, "Bob": true] }
        func assignee(of user: UUID) async throws -> String? {
            try await client.get("/api/v1/alerts/\(alerts[user] ?? "")").json["assigned_to"].string
        }
        try await eventually { try await assignee(of: leaves) == nil }
        #expect(try await assignee(of: stays) == stays.text)
        try await server.running.stop()
    }
}
