import Foundation
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct AuditTests {
    @Test func `an entity's history tells who changed what, and outlives it`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let room = try await ada.makeEntity("room", "Before")
        _ = try await ada.api.put("/api/v1/entities/\(room)", ["entity_type": "room", "name": "After"])
        #expect(try await ada.api.delete("/api/v1/entities/\(room)").status == 204)
        let path = "/api/v1/entities/\(room)/events"
        let events = try await ada.api.get(path).json["items"]
        #expect(events.array?.map { $0["event_type"] } == ["entity.deleted", "entity.updated", "entity.created"])
        #expect(events[1]["actor"] == ["type": "user", "id": .string(ada.id)])
        #expect(events[1]["data"]["before"]["name"] == "Before")
        #expect(events[1]["data"]["after"]["name"] == "After")
        let first = try await ada.api.get(path + "?order=asc&limit=1").json
        #expect(first["items"][0]["event_type"] == "entity.created")
        let rest = try await ada.api.get(path + "?cursor=\(try #require(first["next_cursor"].string))").json
        #expect(rest["items"].array?.map { $0["event_type"] } == ["entity.updated", "entity.deleted"])
    }

    @Test func `the audit log of an organization is filtered by type, entity, actor and time`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let room = try await ada.makeEntity("room", "R")
        let path = "/api/v1/organizations/\(ada.organizationID)/audit"
        func types(_ query: String) async throws -> [String] {
            try await ada.api.get(path + query).json["items"].array?.compactMap { $0["event_type"].string } ?? []
        }
        #expect(try await types("?event_type=entity.created,organization.created").count == 2)
        #expect(try await types("?entity_id=\(room)") == ["entity.created"])
        #expect(try await types("?actor_id=\(ada.id)&event_type=entity.created") == ["entity.created"])
        #expect(try await types("?actor_id=\(UUID())") == [])
        #expect(try await types("?to=2020-01-01T00:00:00Z") == [])
        #expect(try await types("?from=2020-01-01T00:00:00Z").contains("entity.created"))
        let reversed = "?from=2021-01-01T00:00:00Z&to=2020-01-01T00:00:00Z"
        for query in ["?entity_id=x", "?actor_id=x", "?from=yesterday", "?format=xml", reversed] {
            #expect(try await ada.api.get(path + query).status == 422, "\(query)")
        }
    }

    @Test func `the audit log is that of the last 90 days, unless another time is asked for`() async throws {
        let server = try await AuthServer.shared()
        let (ada, root) = (try await server.newcomer(), try await server.superuser())
        for (name, age) in [("old", 91), ("recent", 89)] {
            let room = try await ada.makeEntity("room", name)
            _ = try await server.query(
                """
                UPDATE core.events SET timestamp = now() - \(age) * interval '1 day'
                WHERE entity_id = \(UUID(uuidString: room))
                """)
        }
        func names(_ client: TestHTTPClient, _ path: String, _ query: String) async throws -> [String] {
            let answer = try await client.get(path + "event_type=entity.created" + query)
            let csv = try await client.get(path + "event_type=entity.created&format=csv" + query).text
            let found = answer.json["items"].array?.compactMap { $0["data"]["after"]["name"].string } ?? []
            #expect(csv.components(separatedBy: "\r\n").count == found.count + 2, "the header and an empty end")
            return found
        }
        let year = "&from=" + (Timestamp.now.adding(.seconds(-365 * 86_400))).rfc3339
        let before = "&to=" + (Timestamp.now.adding(.seconds(-90 * 86_400))).rfc3339
        for (client, path) in [
            (ada.api, "/api/v1/organizations/\(ada.organizationID)/audit?"),
            (root.api, "/api/v1/admin/audit?organization_id=\(ada.organizationID)&"),
        ] {
            #expect(try await names(client, path, "") == ["recent"])
            #expect(try await names(client, path, year) == ["recent", "old"])
            #expect(try await names(client, path, before) == ["old"])
        }
    }

    @Test func `the audit log is exported as CSV, whole`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let path = "/api/v1/organizations/\(ada.organizationID)/audit"
        for number in 1...3 { try await ada.makeEntity("room", "\"Room\", \(number)") }
        for headers in [["accept": "text/csv"], [:]] {
            let query = headers.isEmpty ? "?format=csv&limit=1" : "?limit=1"
            let response = try await ada.api.get(
                path + query + "&event_type=entity.created&order=asc", headers: .init(Array(headers)))
            #expect(response.status == 200)
            #expect(response.header("content-type") == "text/csv; charset=utf-8")
            #expect(response.header("content-disposition") == "attachment; filename=\"audit.csv\"")
            let lines = response.text.components(separatedBy: "\r\n")
            #expect(lines.first == "timestamp,event_type,entity_id,organization_id,actor,data,id")
            #expect(lines.count == 5 && lines.last == "")
            #expect(lines[1].contains(",entity.created,"))
        }
        // Who takes the log along is in it.
        let exports = try await ada.api.get(path + "?event_type=organization.audit_exported").json["items"].array ?? []
        #expect(exports.count == 2)
        #expect(exports.allSatisfy { $0["actor"]["id"] == .string(ada.id) })
    }

    @Test func `the log of the platform is confined to organizations, in JSON and in CSV`() async throws {
        let server = try await AuthServer.shared()
        let root = try await server.superuser()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let path = "/api/v1/admin/audit?event_type=organization.created&organization_id="
        func organizations(_ ids: String) async throws -> Set<String> {
            let items = try await root.api.get(path + ids).json["items"].array ?? []
            return Set(items.compactMap { $0["organization_id"].string })
        }
        #expect(try await organizations(ada.organizationID) == [ada.organizationID])
        let both = "\(ada.organizationID),\(eve.organizationID)"
        #expect(try await organizations(both) == [ada.organizationID, eve.organizationID])
        #expect(try await organizations(UUID().uuidString) == [])
        #expect(try await root.api.get(path + "x").status == 422)
        let csv = try await root.api.get(path + both + "&format=csv&limit=1&order=asc")
        #expect(csv.header("content-type") == "text/csv; charset=utf-8")
        #expect(csv.header("content-disposition") == "attachment; filename=\"audit.csv\"")
        let lines = csv.text.components(separatedBy: "\r\n")
        #expect(lines.count == 4 && lines.last == "")
        #expect(lines[1].contains(ada.organizationID) && lines[2].contains(eve.organizationID))
        // What was looked at as JSON is not noted; what was taken along is.
        let noted = "/api/v1/admin/audit?event_type=platform.audit_exported&actor_id=\(root.id)"
        let exports = try await root.api.get(noted).json["items"].array ?? []
        #expect(exports.map { $0["entity_id"] } == [.string(root.id)])
        #expect(
            exports.map { $0["data"]["organization_ids"] }
                == [.array([.string(ada.organizationID), .string(eve.organizationID)])])
    }

    @Test func `what is about people and credentials is for admins, but everybody sees the own history`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        #expect(try await ada.makeAccessToken(["name": "secret plan"]).status == 201)
        let project = try #require(try await ada.api.post("/api/v1/projects", ["name": "P"]).json["id"].string)
        let guest = try await server.newcomer()
        let grant: JSONValue = [
            "user_id": .string(guest.id), "resource": ["type": "project", "id": .string(project)], "role": "viewer",
        ]
        #expect(
            try await ada.api.post("/api/v1/organizations/\(ada.organizationID)/grants", grant).status == 201)
        let viewer = try await server.member(of: ada.organizationID, as: .viewer)
        let changed = try await ada.api.put(
            "/api/v1/organizations/\(ada.organizationID)/members/\(viewer.id)", ["role": "member"])
        #expect(changed.status == 200)
        let member = viewer.client.authorized(
            try #require(try await viewer.refresh(viewer.refreshToken).json["access_token"].string))
        func types(_ client: TestHTTPClient, _ entity: String) async throws -> Set<String> {
            let items = try await client.get("/api/v1/entities/\(entity)/events").json["items"].array ?? []
            return Set(items.compactMap { $0["event_type"].string })
        }
        #expect(try await types(member, ada.id) == [])
        #expect(try await types(member, ada.organizationID) == [])
        #expect(try await types(member, project) == ["project.created"])
        #expect(try await types(member, viewer.id) == ["member.role_changed", "session.opened"])
        #expect(try await types(ada.api, ada.id) == ["api_token.issued", "member.added"])
        #expect(try await types(ada.api, ada.organizationID) == ["organization.created"])
        #expect(try await types(ada.api, project) == ["project.created", "grant.created"])
        let admin = try await server.member(of: ada.organizationID, as: .admin)
        #expect(try await types(admin.api, ada.id).contains("api_token.issued"))
        let csv = try await member.get("/api/v1/entities/\(ada.id)/events?format=csv")
        #expect(!csv.text.contains("secret plan"))
    }

    @Test func `only admins read the log, and only their own organization's`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        #expect(try await eve.api.get("/api/v1/organizations/\(ada.organizationID)/audit").status == 404)
        _ = try await server.query(
            "UPDATE auth.memberships SET role = 'member' WHERE user_id = \(UUID(uuidString: eve.id))")
        let token = try #require(try await eve.refresh(eve.refreshToken).json["access_token"].string)
        let member = eve.client.authorized(token)
        #expect(try await member.get("/api/v1/organizations/\(eve.organizationID)/audit").status == 403)
        #expect(try await member.get("/api/v1/admin/audit").status == 403)
    }
}
