import EventBus
import Foundation
import Identity
import NIOHTTP1
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct ProjectTests {
    private let path = "/api/v1/projects"

    /// Makes a project and answers its path.
    private func make(_ name: String, _ changes: [String: JSONValue] = [:], by user: Newcomer) async throws -> String {
        let body: [String: JSONValue] = ["name": .string(name)]
        let response = try await user.api.post(path, .object(body.merging(changes) { $1 }))
        guard response.status == 201, let location = response.header("location") else {
            throw UnexpectedAnswer(response: response)
        }
        return location
    }

    private func names(_ query: String, by client: TestHTTPClient) async throws -> [String] {
        try await client.get(path + query).json["items"].array?.compactMap { $0["name"].string } ?? []
    }

    // MARK: A project's life

    @Test func `a project is made, read, replaced and deleted`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let created = try await ada.api.post(
            path,
            [
                "name": " Cold chain ", "description": "Vaccines", "project_lead_id": .string(ada.id),
                "properties": ["budget": 12.5],
            ])
        #expect(created.status == 201)
        #expect(created.header("etag") == "\"1\"")
        let project = created.json
        let id = try #require(project["id"].string)
        #expect(project["name"] == "Cold chain")
        #expect(project["status"] == "active")
        #expect(project["project_lead_id"].string == ada.id)
        #expect(project["properties"] == ["budget": 12.5])
        #expect(project["organization_id"].string == ada.organizationID)
        let one = try #require(created.header("location"))
        #expect(try await ada.api.get(one).json == project)
        #expect(try await ada.api.get(one, headers: ["if-none-match": "\"1\""]).status == 304)

        let replaced = try await ada.api.put(
            one, ["name": "Warm chain", "status": "archived"], headers: ["if-match": "\"1\""])
        #expect(replaced.status == 200)
        #expect(replaced.json["description"] == "")
        #expect(replaced.json["status"] == "archived")
        #expect(replaced.json.object?["project_lead_id"] == .null)
        #expect(replaced.json["properties"] == [:])
        #expect(replaced.json["version"] == 2)
        #expect(try await ada.api.put(one, ["name": "Late"], headers: ["if-match": "\"1\""]).status == 412)
        // What says no status leaves it, and what changes nothing makes no version.
        #expect(try await ada.api.put(one, ["name": "Warm chain"]).json == replaced.json)

        #expect(try await ada.api.delete(one, headers: ["if-match": "\"1\""]).status == 412)
        #expect(try await ada.api.delete(one).status == 204)
        for status in [
            try await ada.api.get(one).status, try await ada.api.put(one, ["name": "x"]).status,
            try await ada.api.delete(one).status,
        ] {
            #expect(status == 404)
        }
        let events = try await server.events(
            of: ada.organizationID, are: ["project.created", "project.updated", "project.deleted"])
        #expect(events.map(\.subject) == [id, id, id])
        #expect(events.map(\.subjectVersion) == [1, 2, 3])
        #expect(try events[1].decode(JSONValue.self) == replaced.json)
        let audit = try await server.lastAudit("project.updated", of: ada.organizationID)
        #expect(audit["before"]["name"] == "Cold chain")
        #expect(audit["after"]["name"] == "Warm chain")
    }

    @Test func `a project is in the directory, which does not write it`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let one = try await make("Cold chain", by: ada)
        let id = try #require(one.split(separator: "/").last.map(String.init))
        let entity = try await ada.api.get("/api/v1/entities/\(id)")
        #expect(entity.json["entity_type"] == "project")
        #expect(entity.json["name"] == "Cold chain")
        #expect(try await ada.api.delete("/api/v1/entities/\(id)").status == 403)
    }

    @Test func `the same idempotency key makes one project`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let headers: HTTPHeaders = ["idempotency-key": "one"]
        let first = try await ada.api.post(path, ["name": "Once"], headers: headers)
        let second = try await ada.api.post(path, ["name": "Once"], headers: headers)
        #expect(first.status == 201)
        #expect(second.json == first.json)
        #expect(try await ada.api.post(path, ["name": "Twice"], headers: headers).status == 422)
        #expect(try await names("", by: ada.api) == ["Once"])
    }

    @Test(arguments: ["POST", "PUT"])
    func `what is invalid is refused, by field`(method: String) async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let one = method == "POST" ? path : try await make("Project", by: ada)
        func send(_ body: JSONValue) async throws -> TestHTTPResponse {
            try await ada.api.send(HTTPMethod(rawValue: method), one, json: body)
        }
        let taken = method == "POST" ? 201 : 200
        func text(_ count: Int) -> JSONValue { .string(String(repeating: "x", count: count)) }
        #expect(try await send(["name": text(200), "description": text(2000)]).status == taken)
        let bad: [(field: String, value: JSONValue)] = [
            ("name", text(201)), ("name", ""), ("name", "a\nb"), ("name", 7), ("description", text(2001)),
            ("description", "a\u{0}b"), ("status", "forgotten"), ("status", 7), ("project_lead_id", "x"),
            ("project_lead_id", .string(eve.id)), ("properties", ["x": "a\u{0}b"]), ("properties", ["x": text(20_000)]),
            ("properties", [1]),
        ]
        for (field, value) in bad {
            var body: [String: JSONValue] = ["name": "Project"]
            body[field] = value
            let response = try await send(.object(body))
            #expect(response.status == 422, "\(field)")
            #expect(response.json["errors"][0]["field"].string == field)
        }
        #expect(try await send([:]).status == 422)
        #expect(try await send([]).status == 422)
    }

    // MARK: Lists

    @Test func `projects are listed page by page, by status and by text`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        for (name, description, status) in [
            ("Alpha", "Freezers of 100% use", "active"), ("Beta", "Soil", "on_hold"), ("Gamma", "Freezers", "archived"),
        ] {
            _ = try await make(name, ["description": .string(description), "status": .string(status)], by: ada)
        }
        #expect(try await names("", by: ada.api) == ["Gamma", "Beta", "Alpha"])
        #expect(try await names("?order=asc", by: ada.api) == ["Alpha", "Beta", "Gamma"])
        #expect(try await names("?status=active", by: ada.api) == ["Alpha"])
        #expect(try await names("?status=active,archived", by: ada.api) == ["Gamma", "Alpha"])
        #expect(try await names("?q=freezers", by: ada.api) == ["Gamma", "Alpha"])
        #expect(try await names("?q=100%25", by: ada.api) == ["Alpha"])
        #expect(try await names("?q=bet&status=on_hold", by: ada.api) == ["Beta"])
        let first = try await ada.api.get("\(path)?limit=2").json
        let cursor = try #require(first["next_cursor"].string)
        #expect(try await names("?limit=2&cursor=\(cursor)", by: ada.api) == ["Alpha"])
        for query in ["status=x", "limit=0", "cursor=x", "order=x"] {
            #expect(try await ada.api.get("\(path)?\(query)").status == 422, "\(query)")
        }
    }

    // MARK: Who

    @Test func `another organization's projects are not there`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let one = try await make("Hers", by: ada)
        #expect(try await eve.api.get(one).status == 404)
        #expect(try await eve.api.put(one, ["name": "Mine"]).status == 404)
        #expect(try await eve.api.delete(one).status == 404)
        #expect(try await names("", by: eve.api) == [])
        #expect(try await ada.api.get("\(path)/x").status == 404)
        #expect(try await ada.api.get(one).json["name"] == "Hers")
    }

    @Test func `members write, viewers read`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let member = try await server.member(of: ada.organizationID, as: .member)
        let viewer = try await server.member(of: ada.organizationID, as: .viewer)
        let one = try await make("Ours", by: member)
        #expect(try await viewer.api.get(one).status == 200)
        #expect(try await names("", by: viewer.api) == ["Ours"])
        #expect(try await viewer.api.post(path, ["name": "Mine"]).status == 403)
        #expect(try await viewer.api.put(one, ["name": "Mine"]).status == 403)
        #expect(try await viewer.api.delete(one).status == 403)
        #expect(try await member.api.put(one, ["name": "Yours"]).status == 200)
        #expect(try await member.api.delete(one).status == 204)
    }

    @Test func `who has a role on one project sees no other`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let (granted, read, other) = (
            try await make("Granted", by: ada), try await make("Read", by: ada), try await make("Other", by: ada)
        )
        func id(_ path: String) throws -> UUID {
            try #require(path.split(separator: "/").last.flatMap { UUID(uuidString: String($0)) })
        }
        let user = UserPrincipal(
            id: try #require(UUID(uuidString: try await server.newcomer().id)),
            organizationID: UUID(uuidString: ada.organizationID), role: nil,
            grants: [
                ResourceGrant(resource: .project(try id(granted)), role: .member),
                ResourceGrant(resource: .project(try id(read)), role: .viewer),
            ], sessionID: nil, tokenID: UUID(), issuedAt: Date(), expiresAt: nil)
        let token = try await server.sign(TokenClaims(.access, user: user, sessionID: UUID(), lifetime: 900))
        let guest = server.client().authorized(token)
        #expect(try await names("", by: guest) == ["Read", "Granted"])
        #expect(try await guest.get(other).status == 404)
        #expect(try await guest.get(read).status == 200)
        #expect(try await guest.put(read, ["name": "Mine"]).status == 403)
        #expect(try await guest.put(granted, ["name": "Ours"]).status == 200)
        #expect(try await guest.delete(granted).status == 403)
        #expect(try await guest.post(path, ["name": "Mine"]).status == 403)
    }

    @Test func `a lead who leaves the organization leads nothing there any more`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.member(of: ada.organizationID, as: .member)
        let one = try await make("Led", ["project_lead_id": .string(grace.id)], by: ada)
        #expect(try await ada.api.get(one).json["project_lead_id"].string == grace.id)
        let own = "/api/v1/organizations/\(ada.organizationID)"
        #expect(try await grace.api.post("\(own)/leave").status == 204)
        let project = try await ada.api.get(one).json
        #expect(project.object?["project_lead_id"] == .null)
        #expect(project["version"] == 2)
        try await server.events(of: ada.organizationID, are: ["project.updated", "member.removed"])
    }
}
