import Foundation
import Postgres
import TestKit
import Testing

/// What happens to organizations and members holds in every service.
struct OrganizationTests {
    private let paths = [
        "/api/v1/auth/me", "/api/v1/projects", "/api/v1/devices", "/api/v1/readings", "/api/v1/alerts",
        "/api/v1/billing/usage", "/api/v1/dashboard",
    ]

    @Test func `another organization's tokens open its services, and a lost membership closes them`() async throws {
        let installation = try await SystemInstallation.shared()
        let (owner, grace) = (try await installation.owner(), try await installation.owner())
        let user = try #require(try await grace.api.get("/api/v1/auth/me").json["id"].string)
        _ = try await installation.query(
            """
            INSERT INTO auth.memberships (organization_id, user_id, role)
            VALUES (\(UUID(uuidString: owner.organization)), \(UUID(uuidString: user)), 'member')
            """)
        let switched = try await grace.api.post(
            "/api/v1/auth/switch-organization", ["organization_id": .string(owner.organization)])
        let there = installation.client.authorized(try #require(switched.json["access_token"].string))
        let device = try await owner.device()
        #expect(try await there.get(device.path).status == 200)
        #expect(try await grace.api.get(device.path).status == 404)
        for path in paths { #expect(try await there.get(path).status == 200, "\(path)") }

        let removed = try await owner.api.delete("/api/v1/organizations/\(owner.organization)/members/\(user)")
        #expect(removed.status == 204, "\(removed)")
        for path in paths {
            try await eventually(within: .seconds(1)) { try await there.get(path).status == 401 }
            #expect(try await grace.api.get(path).status == 200, "\(path)")
        }
    }

    @Test func `of a deleted organization nothing works any more, and nothing is left in any service`() async throws {
        let installation = try await SystemInstallation.shared()
        let mark = "mark-\(UUID().uuidString.lowercased())"
        let owner = try await installation.owner(of: mark)
        let organization = try #require(UUID(uuidString: owner.organization))
        let device = try await fill(owner, with: mark)
        #expect(try await installation.columns(holding: [mark]).contains("core.events.data"))
        let deleted = try await owner.api.send(
            .DELETE, "/api/v1/organizations/\(owner.organization)", json: ["name": .string(mark)])
        #expect(deleted.status == 202, "\(deleted)")
        #expect(try await device.api.get(device.path).status == 200)

        // A week has passed.
        _ = try await installation.query(
            "UPDATE auth.organizations SET deletes_at = now() WHERE id = \(organization)")
        for path in paths {
            try await eventually(within: .seconds(30)) { try await owner.api.get(path).status == 401 }
        }
        #expect(try await device.api.get(device.path).status == 401)
        #expect(try await device.send([["sensor_type": "temperature", "value": 20]]).status == 401)

        // And what was under way has settled.
        _ = try await installation.query(
            "UPDATE auth.organizations SET revoked_at = now() - interval '1 hour' WHERE id = \(organization)")
        let left: [String: Set<String>] = [
            "auth": ["removals"], "devices": ["removals"], "readings": ["removals"], "alerts": ["removals"],
            "billing": ["organizations", "removals"], "realtime": ["removals"], "core": ["events"],
        ]
        try await withClient(installation.stack.installation.administrator) { administrator in
            for (schema, tables) in left {
                try await eventually(within: .seconds(60)) {
                    Set(try await administrator.rows(of: organization, in: schema).keys) == tables
                }
            }
        }
        // Neither its name, nor what it named or whom it invited.
        try await eventually(within: .seconds(60)) { try await installation.columns(holding: [mark]) == [] }
    }

    /// Leaves something of the organization in every service, named after `mark`, and waits until all know of it.
    private func fill(_ owner: Owner, with mark: String) async throws -> Device {
        let project = try await owner.api.post("/api/v1/projects", ["name": .string(mark)])
        #expect(project.status == 201, "\(project)")
        let invited = try await owner.api.post(
            "/api/v1/organizations/\(owner.organization)/invitations",
            ["email": .string("\(mark)@example.org"), "role": "viewer"])
        #expect(invited.status == 201, "\(invited)")
        let device = try await owner.device(mark)
        let rule = try await owner.api.post(
            "/api/v1/alerts/rules",
            [
                "name": .string(mark), "scope": ["all": true], "kind": "threshold", "sensor_type": "temperature",
                "condition": "gt", "threshold_value": 37.5, "severity": "high",
            ])
        #expect(rule.status == 201, "\(rule)")
        #expect(try await device.send([["sensor_type": "temperature", "value": 38.4, "unit": "°C"]]).status == 201)
        try await eventually(within: .seconds(20)) {
            let dashboard = try await owner.api.get("/api/v1/dashboard").json
            let usage = try await owner.api.get("/api/v1/billing/usage").json
            return dashboard["stats"]["open_alerts"] == 1 && usage["totals"]["readings"] == 1
        }
        return device
    }
}
