import EventBus
import Foundation
import Identity
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct DeletionTests {
    private func path(_ owner: Newcomer) -> String { "/api/v1/organizations/\(owner.organizationID)" }

    private func delete(_ owner: Newcomer, name: JSONValue = "Ada’s laboratory") async throws -> TestHTTPResponse {
        try await owner.api.send(.DELETE, path(owner), json: ["name": name])
    }

    // MARK: The grace

    @Test func `an owner who repeats the name marks an organization, and members see when it ends`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let viewer = try await server.member(of: ada.organizationID, as: .viewer)
        let response = try await delete(ada)
        #expect(response.status == 202)
        let text = try #require(response.json["deletes_at"].string)
        let end = try #require(Timestamp(rfc3339: text))
        let days = end.since(.now) / .seconds(86_400)
        #expect(days > 6.99 && days <= 7)
        #expect(response.json["version"] == 2)
        #expect(try await viewer.api.get(path(ada)).json["deletes_at"].string == text)
        #expect(try await viewer.api.get("/api/v1/organizations").json["items"][1]["deletes_at"].string == text)
        // Asked again it stays as it is.
        let again = try await delete(ada)
        #expect(again.status == 202)
        #expect(again.json == response.json)
        let audit = try await server.lastAudit("organization.updated", of: ada.organizationID)
        #expect(audit["after"]["deletes_at"].string == text)
        let events = try await server.events(of: ada.organizationID, are: ["organization.updated"])
        #expect(try events[0].decode(JSONValue.self)["deletes_at"].string == text)
    }

    @Test func `another name, another version and other bodies are refused`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        for name: JSONValue in ["ada’s laboratory", "", "x", nil, 7] {
            #expect(try await delete(ada, name: name).status == 422, "\(name)")
        }
        #expect(try await ada.api.send(.DELETE, path(ada), json: [:]).status == 422)
        #expect(try await ada.api.delete(path(ada)).status == 400)
        let stale = try await ada.api.send(
            .DELETE, path(ada), json: ["name": "Ada’s laboratory"], headers: ["if-match": "\"7\""])
        #expect(stale.status == 412)
        #expect(try await ada.api.get(path(ada)).json.object?["deletes_at"] == .null)
    }

    @Test func `within the grace an owner restores it`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        #expect(try await ada.api.post("\(path(ada))/restore").status == 409)
        #expect(try await delete(ada).status == 202)
        #expect(
            try await ada.api.post("\(path(ada))/restore", headers: ["if-match": "\"1\""]).status == 412)
        let response = try await ada.api.post("\(path(ada))/restore")
        #expect(response.status == 200)
        #expect(response.json.object?["deletes_at"] == .null)
        #expect(response.json["version"] == 3)
        #expect(try await ada.api.post("\(path(ada))/restore").status == 409)
        #expect(try await delete(ada).status == 202)
        try await server.events(
            of: ada.organizationID,
            are: ["organization.updated", "organization.updated", "organization.updated"])
    }

    // MARK: The end

    @Test func `after the grace nothing of it is left, and others are told once`() async throws {
        let server = try await AuthServer.hasty()
        let ada = try await server.newcomer()
        let organization = try #require(UUID(uuidString: ada.organizationID))
        let grace = try await server.newcomer()
        try await server.join(grace, to: ada.organizationID, as: .member)
        let there = try await grace.switching(to: ada.organizationID)
        #expect(
            try await ada.api.post("/api/v1/projects", ["name": "Led", "project_lead_id": .string(grace.id)]).status
                == 201)
        let (room, freezer) = (try await ada.makeEntity("room", "R"), try await ada.makeEntity("freezer", "F"))
        #expect(try await ada.relate(room, freezer, "holds").status == 201)
        // More than is emptied in one transaction, of the same moment.
        _ = try await server.query(
            """
            INSERT INTO core.events (id, timestamp, organization_id, entity_id, event_type, data)
            SELECT gen_random_uuid(), now(), \(organization), \(organization), 'note.added', '{"text": "secret"}'
            FROM generate_series(1, \(OrganizationRemoval.batchSize * 2))
            """)
        #expect(try await delete(ada).status == 202)
        try await eventually(within: .seconds(60)) {
            try await server.database.rows(of: organization, in: "auth") == ["removals": 1]
        }
        let shared = try await server.database.rows(of: organization, in: "core")
        // The audit log stays, and tells of nothing any more.
        #expect(Set(shared.keys) == ["events"])
        try await eventually(within: .seconds(60)) {
            try await server.query(
                "SELECT 1 FROM core.events WHERE organization_id = \(organization) AND data <> '{}'"
            ).isEmpty
        }
        #expect(try await server.audit(of: ada.organizationID).filter { $0 == "organization.deleted" }.count == 1)
        let event = try await server.events(of: ada.organizationID, are: ["organization.deleted"])[0]
        #expect(event.subjectVersion == 3)
        #expect(try event.decode(JSONValue.self)["organization_id"].string == ada.organizationID)

        for gone in [ada, there] { #expect(try await gone.api.get("/api/v1/auth/me").status == 401) }
        let next = try await there.refresh(there.refreshToken).json["user"]
        #expect(next["organization_id"].string == grace.organizationID)
        let left = try await ada.refresh(ada.refreshToken).json
        #expect(left["user"]["organization_id"].isNull)
        let later = ada.client.authorized(try #require(left["access_token"].string))
        #expect(try await later.get(path(ada)).status == 404)
        #expect(try await later.post("\(path(ada))/restore").status == 404)
        #expect(try await later.get("/api/v1/organizations").json["items"] == [])
    }

    @Test func `its credentials end with the grace, before its data`() async throws {
        let server = try await AuthServer.hasty()
        let ada = try await server.newcomer()
        let deleted = try await delete(ada)
        let end = try #require(deleted.json["deletes_at"].string.flatMap { Timestamp(rfc3339: $0) })
        try await eventually(within: .seconds(10)) { try await ada.api.get(path(ada)).status == 401 }
        #expect(Timestamp.now >= end)
        let revocations = try await server.query(
            """
            SELECT 1 FROM auth.revocations
            WHERE revocation ->> 'kind' = 'organization' AND revocation ->> 'id' = \(ada.organizationID)
            """)
        #expect(revocations.count == 1)
    }

    @Test func `what is restored in time lives on`() async throws {
        let server = try await AuthServer.hasty()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        #expect(try await delete(ada).status == 202)
        #expect(try await ada.api.post("\(path(ada))/restore").status == 200)
        // What is due later has gone first.
        #expect(try await delete(grace).status == 202)
        try await server.events(of: grace.organizationID, are: ["organization.deleted"])
        #expect(try await ada.api.get(path(ada)).json.object?["deletes_at"] == .null)
    }

    @Test func `it is known what becomes of every table that belongs to organizations`() async throws {
        let rows = try await AuthServer.shared().query(
            """
            SELECT table_name::text FROM information_schema.columns JOIN information_schema.tables
                USING (table_schema, table_name)
            WHERE table_schema = 'auth' AND column_name = 'organization_id' AND table_type = 'BASE TABLE' ORDER BY 1
            """)
        // A table that is new here needs its part in `OrganizationEnd`.
        let tables = try rows.map { try $0.decode(String.self) }
        #expect(
            tables == [
                "api_tokens", "invitations", "limits", "memberships", "projects", "removals", "resource_grants",
                "sessions",
            ])
    }
}
