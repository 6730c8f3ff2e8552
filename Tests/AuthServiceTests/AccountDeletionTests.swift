import Foundation
import Identity
import Kernel
import NIOHTTP1
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct AccountDeletionTests {
    private static let path = "/api/v1/users/account"

    // MARK: The grace

    @Test func `who repeats address and password has a week to think about it`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        #expect(try await ada.api.post(Self.path + "/restore").status == 409)
        let marked = try await ada.end()
        #expect(marked.status == 202)
        let text = try #require(marked.json["deletes_at"].string)
        let days = try #require(Timestamp(rfc3339: text)).since(.now) / .seconds(86_400)
        #expect(days > 6.99 && days <= 7)
        #expect(try await ada.end().json["deletes_at"].string == text)
        #expect(try await ada.api.get("/api/v1/users/profile").json["deletes_at"].string == text)
        #expect(try await ada.logIn().status == 200)
        #expect(try await ada.api.post(Self.path + "/restore").status == 204)
        #expect(try await ada.api.get("/api/v1/auth/me").json.object?["deletes_at"] == .null)
        let history = try await server.events(of: ada).filter { $0.hasPrefix("user.") }
        #expect(history.suffix(3) == ["user.deletion_requested", "user.signed_in", "user.restored"])
    }

    @Test func `another address, another password and other bodies are refused`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        #expect(try await ada.end(email: "eve@example.org").status == 422)
        #expect(try await ada.end(email: "").status == 422)
        #expect(try await ada.end(password: "wrong horse battery").status == 401)
        #expect(try await ada.delete(Self.path, ["email": .string(ada.email)]).status == 422)
        #expect(try await ada.api.delete(Self.path).status == 400)
        #expect(try await ada.end(email: " " + ada.email.uppercased()).status == 202)
    }

    @Test func `the last owner hands over first`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let eve = try await server.member(of: ada.organizationID, as: .member)
        let refused = try await ada.end()
        #expect(refused.status == 409)
        #expect(refused.json["detail"].string?.contains("Ada’s laboratory") == true)
        let successor: JSONValue = ["user_id": .string(eve.id)]
        let path = "/api/v1/organizations/\(ada.organizationID)/transfer-ownership"
        #expect(try await ada.api.post(path, successor).status == 204)
        let again = try #require(try await ada.logIn().json["access_token"].string)
        let body: JSONValue = ["email": .string(ada.email), "password": .string(Newcomer.password)]
        #expect(try await ada.client.authorized(again).send(.DELETE, Self.path, json: body).status == 202)
    }

    // MARK: The end

    @Test func `after the grace nothing is left of the person, and others are told`() async throws {
        let server = try await AuthServer.hasty()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        try await server.join(ada, to: grace.organizationID, as: .admin)
        let there = try await ada.switching(to: grace.organizationID)
        let project = try await grace.api.post("/api/v1/projects", ["name": "Led", "project_lead_id": .string(ada.id)])
        #expect(project.status == 201)
        #expect(try await there.makeAccessToken([:]).status == 201)
        #expect(try await ada.end().status == 202)
        let id = try #require(UUID(uuidString: ada.id))
        try await eventually(within: .seconds(20)) {
            try await server.query("SELECT 1 FROM auth.users WHERE id = \(id)").isEmpty
        }
        #expect(try await server.events(of: ada).contains("user.closed"))
        for gone in [ada, there] { #expect(try await gone.api.get("/api/v1/auth/me").status == 401) }
        #expect(try await ada.refresh(ada.refreshToken).status == 401)
        #expect(try await ada.logIn().status == 401)
        for table in ["memberships", "sessions", "credentials", "api_tokens"] as [SQL] {
            let rows = try await server.query("SELECT 1 FROM auth.\(table) WHERE user_id = \(id)")
            #expect(rows.isEmpty, "\(table)")
        }
        let mentions = try await server.query(
            """
            SELECT 1 FROM core.events WHERE data::text LIKE \("%\(ada.email)%")
            UNION ALL SELECT 1 FROM core.entities WHERE id = \(id)
            """)
        #expect(mentions.isEmpty)
        #expect(try await server.events(of: ada).last == "user.deleted")
        let lead = try await grace.api.get("/api/v1/projects/\(try #require(project.json["id"].string))")
        #expect(lead.json.object?["project_lead_id"] == .null)
        let events = try await server.events(about: ada.id)
        #expect(events.last?.type == "user.deleted")
        #expect(try events.last?.decode(JSONValue.self) == ["user_id": .string(ada.id)])
        // The organization that nobody else belonged to goes, too; the address is free.
        try await server.events(of: ada.organizationID, are: ["organization.deleted"])
        #expect(try await server.events(about: "\(grace.organizationID)/\(ada.id)").last?.type == "member.removed")
        let registration: JSONValue = [
            "email": .string(ada.email), "password": .string(Newcomer.password), "name": "Ada",
        ]
        #expect(try await ada.client.post("/api/v1/auth/register", registration).status == 201)
    }

    @Test func `addresses of earlier times are forgotten, but not those that others have now`() async throws {
        let server = try await AuthServer.hasty()
        let (ada, heir) = (try await server.newcomer(), try await server.newcomer())
        let (first, id) = (AuthServer.newAddress(), UUID(uuidString: ada.id))
        for (before, after) in [(first, heir.email), (heir.email, ada.email)] {
            _ = try await server.query(
                """
                INSERT INTO core.events (id, timestamp, entity_id, event_type, data)
                VALUES (\(UUID.v7()), now(), \(id), 'user.email_changed',
                    jsonb_build_object('before', \(before), 'after', \(after)))
                """)
        }
        _ = try await server.query(
            """
            INSERT INTO core.events (id, timestamp, organization_id, entity_id, event_type, data)
            VALUES (\(UUID.v7()), now(), \(UUID(uuidString: heir.organizationID)),
                \(UUID(uuidString: heir.organizationID)), 'invitation.created', jsonb_build_object('email', \(first)))
            """)
        #expect(try await ada.end().status == 202)
        try await eventually(within: .seconds(20)) { try await server.events(of: ada).last == "user.deleted" }
        func mentions(_ address: String) async throws -> Int {
            try await server.query("SELECT 1 FROM core.events WHERE data::text LIKE \("%\(address)%")").count
        }
        #expect(try await mentions(first) == 0)
        #expect(try await mentions(ada.email) == 0)
        #expect(try await mentions(heir.email) == 1)
    }

    @Test func `invitations and the name of an organization of one's own are forgotten, too`() async throws {
        let server = try await AuthServer.hasty()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        let own = try await ada.api.post("/api/v1/organizations", ["name": .string("Lab of \(ada.id)")])
        let organization = try #require(own.json["id"].string)
        let path = "/api/v1/organizations/\(grace.organizationID)/invitations"
        // Whoever is invited beside stays so.
        let other = AuthServer.newAddress()
        for address in [ada.email, other] {
            let invited = try await grace.api.post(path, ["email": .string(address), "role": "viewer"])
            #expect(invited.status == 201)
        }
        #expect(try await ada.end().status == 202)
        try await server.events(of: organization, are: ["organization.deleted"])
        let names = try await server.query(
            """
            SELECT event_type FROM core.events WHERE data::text LIKE \("%Lab of \(ada.id)%")
            UNION ALL SELECT entity_type FROM core.entities WHERE name = \("Lab of \(ada.id)")
            """
        ).map { try $0.decode(String.self) }
        #expect(names == [])
        let invitations = try await grace.api.get(path).json["items"].array
        #expect(invitations?.map { $0["email"].string } == [other])
        #expect(try await server.lastAudit("invitation.created", of: grace.organizationID)["email"].string == other)
    }

    @Test func `an organization that has got members since is owned by the next of them`() async throws {
        let server = try await AuthServer.hasty()
        let ada = try await server.newcomer()
        #expect(try await ada.end().status == 202)
        let (viewer, admin) = (try await server.newcomer(), try await server.newcomer())
        try await server.join(viewer, to: ada.organizationID, as: .viewer)
        try await server.join(admin, to: ada.organizationID, as: .admin)
        let path = "/api/v1/organizations/\(ada.organizationID)"
        try await eventually(within: .seconds(20)) { try await admin.api.get(path).json["role"] == "owner" }
        #expect(try await viewer.api.get(path).json["role"] == "viewer")
        #expect(try await admin.api.get(path + "/members").json["items"].array?.count == 2)
    }

    @Test func `what is restored in time lives on`() async throws {
        let server = try await AuthServer.hasty()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        #expect(try await ada.end().status == 202)
        #expect(try await ada.api.post(Self.path + "/restore").status == 204)
        #expect(try await grace.end().status == 202)
        // What is due later has gone first.
        try await eventually(within: .seconds(20)) { try await server.events(of: grace).last == "user.deleted" }
        #expect(try await ada.api.get("/api/v1/auth/me").status == 200)
    }

    // MARK: The export

    @Test func `the export has all that is held about somebody`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let room = try await ada.makeEntity("room", "R")
        #expect(try await ada.makeAccessToken(["name": "logger"]).status == 201)
        _ = try await ada.enableTwoFactor()
        let response = try await ada.api.get("/api/v1/users/export")
        #expect(response.status == 200)
        #expect(response.header("content-disposition") == "attachment; filename=\"account.json\"")
        #expect(response.header("cache-control") == "no-store")
        let export = response.json
        #expect(export["account"]["email"] == .string(ada.email))
        #expect(export["account"]["organizations"][0]["id"] == .string(ada.organizationID))
        #expect(export["two_factor"]["is_enabled"] == true)
        #expect(export["sessions"].array?.count == 1)
        #expect(export["tokens"][0]["name"] == "logger")
        #expect(export["tokens"][0]["token"].isNull)
        let history = export["history"].array?.map { $0["event_type"] } ?? []
        #expect(history.contains("user.registered") && history.contains("two_factor.enabled"))
        let acts = export["acts"].array ?? []
        #expect(acts.contains { $0["event_type"] == "entity.created" && $0["entity_id"] == .string(room) })
        #expect(acts.allSatisfy { $0["data"].isNull })
        let other = try await server.newcomer()
        #expect(!(try await other.api.get("/api/v1/users/export").text).contains(ada.email))
    }

    @Test func `the export has the invitations to an address that is the caller's, and no others`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let path = "/api/v1/organizations/\(ada.organizationID)/invitations"
        let invited = try await ada.api.post(path, ["email": .string(eve.email), "role": "viewer"])
        #expect(invited.status == 201)
        // Anybody may register with anybody's address.
        #expect(try await eve.api.get("/api/v1/users/export").json["invitations"] == [])
        _ = try await server.query(
            "UPDATE auth.users SET email_verified_at = now() WHERE id = \(UUID(uuidString: eve.id))")
        let exported = try await eve.api.get("/api/v1/users/export").json["invitations"].array ?? []
        #expect(exported.map { $0["id"] } == [invited.json["id"]])
        #expect(exported[0]["organization_id"] == .string(ada.organizationID))
        #expect(exported[0]["token"].isNull)
        #expect(try await ada.api.get("/api/v1/users/export").json["invitations"] == [])
    }

    @Test func `a long history is exported whole`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let id = try #require(UUID(uuidString: ada.id))
        _ = try await server.query(
            """
            INSERT INTO core.events (id, timestamp, entity_id, event_type, actor)
            SELECT gen_random_uuid(), now() - n * interval '1 second', \(id), 'user.tested',
                jsonb_build_object('type', 'user', 'id', \(ada.id))
            FROM generate_series(1, 2500) n
            """)
        let export = try await ada.api.get("/api/v1/users/export").json
        let tested = export["history"].array?.filter { $0["event_type"] == "user.tested" } ?? []
        #expect(tested.count == 2500)
        #expect(Set(tested.compactMap { $0["id"].string }).count == 2500)
        #expect(export["acts"].array?.filter { $0["event_type"] == "user.tested" }.count == 2500)
    }
}

extension Newcomer {
    /// Asks for the end of the account.
    fileprivate func end(email: String? = nil, password: String = password) async throws -> TestHTTPResponse {
        try await delete(
            "/api/v1/users/account", ["email": .string(email ?? self.email), "password": .string(password)])
    }
}
