import EventBus
import Foundation
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import RealtimeService

/// Who deletes the account is not named any more.
struct ForgottenUserTests {
    private let organizations = [UUID.v7(), UUID.v7()]
    private let user = UUID.v7()

    private func tell(_ type: String, _ version: Int, of user: UUID, name: String, in organization: UUID?) async throws
    {
        var data: JSONValue = ["user_id": .string(user.text), "name": .string(name)]
        if let organization {
            data = .object((data.object ?? [:]).merging(["organization_id": .string(organization.text)]) { $1 })
        }
        try await RealtimeServer.shared().service.publish(
            try Event(
                source: .auth, type: type, subject: user.text, subjectVersion: version, organizationID: organization,
                data: data))
    }

    /// Waits until what was told before has been applied: one stream is applied in its order.
    private func settle() async throws {
        let last = UUID.v7()
        try await tell("member.added", 1, of: last, name: "Last", in: organizations[0])
        let server = try await RealtimeServer.shared()
        try await eventually {
            try await !server.service.query("SELECT 1 FROM realtime.members WHERE user_id = \(last)").isEmpty
        }
    }

    private func names() async throws -> [String] {
        try await RealtimeServer.shared().service.query("SELECT name FROM realtime.members WHERE user_id = \(user)")
            .map { try $0.decode(String.self) }
    }

    @Test func `who is deleted is forgotten at once, and no late event brings the name back`() async throws {
        let server = try await RealtimeServer.shared()
        for organization in organizations {
            try await tell("member.added", 1, of: user, name: "Ada", in: organization)
        }
        try await server.tell(
            .devices, "command.queued", UUID.v7(), 1, organizations[0], actor: "user:\(user.text)",
            [
                "device_id": .string(UUID.v7().text), "organization_id": .string(organizations[0].text),
                "command_type": "blink",
            ])
        let reader = try await server.service.user(.viewer, of: organizations[0])
        try await eventually { try await reader.get("/api/v1/dashboard").json["activity"][0]["user_name"] == "Ada" }
        #expect(try await reader.get("/dashboard/activity").text.contains("Ada"))

        try await tell("member.removed", 2, of: user, name: "", in: organizations[0])
        // Told twice, as may happen.
        for _ in 0..<2 { try await tell("user.deleted", 5, of: user, name: "", in: nil) }
        try await settle()
        #expect(try await names() == [])
        let line = try await reader.get("/api/v1/dashboard").json["activity"][0]
        #expect(line["type"] == "command.queued" && line["user_name"].isNull)
        #expect(try await !reader.get("/dashboard/activity").text.contains("Ada"))

        try await tell("member.added", 3, of: user, name: "Ada", in: organizations[0])
        try await tell("user.updated", 4, of: user, name: "Ada", in: nil)
        try await tell("member.removed", 4, of: user, name: "", in: organizations[0])
        try await settle()
        #expect(try await names().allSatisfy(\.isEmpty))
    }

    @Test func `that somebody was forgotten is itself forgotten when no event of them can come any more`() async throws
    {
        let server = try await RealtimeServer.shared()
        let (old, recent) = (UUID.v7(), UUID.v7())
        for (user, days) in [(old, 31), (recent, 29)] {
            try await server.service.query(
                """
                INSERT INTO realtime.forgotten_users (user_id, forgotten_at)
                VALUES (\(user), \(Timestamp.now.adding(.seconds(-days * 86_400))))
                """)
        }
        try await withClient(server.service.database.configuration(.realtime)) { client in
            try await Retention(database: client, logger: Logger(label: "test")).deleteOld(at: .now)
        }
        let left = try await server.service.query(
            "SELECT user_id FROM realtime.forgotten_users WHERE user_id = ANY(\([old, recent]))"
        ).map { try $0.decode(UUID.self) }
        #expect(left == [recent])
    }
}
