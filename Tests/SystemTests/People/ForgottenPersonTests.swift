import Foundation
import TestKit
import Testing

/// Who deletes the account is forgotten by all services.
struct ForgottenPersonTests {
    @Test(.timeLimit(.minutes(15)))
    func `no table, stream or answer names somebody who has used every service and deleted the account`() async throws {
        let installation = try await SystemInstallation.shared()
        let owner = try await installation.owner()
        let name = "Zenobia-\(UUID().uuidString.prefix(8))"
        let person = try await installation.owner(named: name, of: nil)
        let there = try await owner.admit(person, as: "admin")
        let socket = try await TestWebSocket.connect(
            port: installation.port, path: "/ws/live-data", headers: ["authorization": "Bearer \(owner.token)"])
        _ = try await socket.next("hello")
        let identifiers = try await act(there, leading: owner.organization) + [try await person.id()]
        let traces = [name, person.email]
        try await eventually(within: .seconds(20)) {
            let columns = try await installation.columns(holding: traces)
            return columns.contains("realtime.members.name") && columns.contains("billing.organizations.name")
        }
        #expect(try await mentions(of: traces, to: owner, about: identifiers).count > 2)

        try await end(person)
        try await eventually(within: .seconds(60)) { try await installation.columns(holding: traces) == [] }
        #expect(try await mentions(of: traces, to: owner, about: identifiers) == [])
        let entries = try await installation.liveEntries(of: owner.organization)
        #expect(!entries.isEmpty)
        #expect(!entries.contains { entry in traces.contains { entry.localizedCaseInsensitiveContains($0) } })
    }

    /// Leaves something of the person in every service.
    ///
    /// - Returns: The identifiers of what it is about.
    private func act(_ person: Owner, leading organization: String) async throws -> [String] {
        let device = try await person.device()
        let project = try await person.make(
            "/api/v1/projects", ["name": "Cultures", "project_lead_id": .string(try await person.id())])
        let room = try await person.make("/api/v1/entities", ["entity_type": "room", "name": "R 1"])
        _ = try await person.make(
            "/api/v1/relationships",
            ["from_entity": .string(device.id), "to_entity": .string(room), "relationship_type": "located_in"])
        _ = try await person.make("/api/v1/auth/tokens", ["name": "script", "scopes": ["devices:read"]])
        _ = try await person.make("\(device.path)/commands", ["command_type": "blink"])
        _ = try await person.make(
            "/api/v1/alerts/rules",
            [
                "name": "Too warm", "scope": ["all": true], "kind": "threshold", "sensor_type": "t",
                "condition": "gt", "threshold_value": 0, "severity": "high",
            ])
        #expect(try await device.send([["sensor_type": "t", "value": 1]]).status == 201)
        let alert = try await eventually(within: .seconds(20)) {
            try await person.api.get("/api/v1/alerts/active").json["items"][0]["id"].string
        }
        let seen = try await person.api.put("/api/v1/alerts/\(alert)/acknowledge", ["notes": "looking"])
        #expect(seen.status == 200, "\(seen)")
        let path = "/api/v1/dashboard"
        try await eventually {
            try await person.api.get(path).json["activity"].array?.contains {
                $0["type"] == "alert.acknowledged" && !$0["user_name"].isNull
            } ?? false
        }
        return [organization, device.id, project, room, alert]
    }

    /// The paths whose answers name the person.
    private func mentions(
        of traces: [String], to reader: Owner, about identifiers: [String]
    ) async throws -> [String] {
        try await reader.installation.answers(to: reader, about: identifiers)
            .filter { answer in traces.contains { answer.value.localizedCaseInsensitiveContains($0) } }
            .map(\.key).sorted()
    }

    /// Deletes the account, and lets a week and a minute pass.
    private func end(_ person: Owner) async throws {
        let id = UUID(uuidString: try await person.id())
        let installation = person.installation
        let asked = try await person.api.send(
            .DELETE, "/api/v1/users/account",
            json: ["email": .string(person.email), "password": .string(Owner.password)])
        #expect(asked.status == 202, "\(asked)")
        _ = try await installation.query("UPDATE auth.users SET deletes_at = now() WHERE id = \(id)")
        try await eventually(within: .seconds(30)) {
            try await !installation.query("SELECT 1 FROM auth.users WHERE id = \(id) AND ended_at IS NOT NULL").isEmpty
        }
        _ = try await installation.query("UPDATE auth.users SET ended_at = now() - interval '1 hour' WHERE id = \(id)")
        try await eventually(within: .seconds(30)) {
            try await installation.query("SELECT 1 FROM auth.users WHERE id = \(id)").isEmpty
        }
        // The organization that was the person's alone ends as any other does.
        let own = UUID(uuidString: person.organization)
        try await eventually(within: .seconds(30)) {
            let revoked = try await installation.query(
                """
                UPDATE auth.organizations SET revoked_at = now() - interval '1 hour'
                WHERE id = \(own) AND revoked_at IS NOT NULL
                """)
            return revoked.affectedRows == 1
        }
    }
}
