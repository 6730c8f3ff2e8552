import EventBus
import Foundation
import Identity
import NIOHTTP1
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct OrganizationTests {
    private let path = "/api/v1/organizations"

    // MARK: Making and finding

    @Test func `who makes an organization owns it, and others are told`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let response = try await ada.api.post(path, ["name": "  Engine Room "])
        #expect(response.status == 201)
        #expect(response.header("etag")?.hasPrefix("\"1-") == true)
        let made = response.json
        let id = try #require(made["id"].string)
        #expect(response.header("location") == "\(path)/\(id)")
        #expect(made["name"] == "Engine Room")
        #expect(made["role"] == "owner")
        #expect(made.object?["deletes_at"] == .null)
        #expect(try await ada.api.get("\(path)/\(id)").json == made)
        #expect(try await server.audit(of: id) == ["member.added", "organization.created"])
        try await server.events(of: id, are: ["organization.created", "member.added"])
    }

    @Test func `the same idempotency key makes one organization`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let headers: HTTPHeaders = ["idempotency-key": UUID().uuidString]
        let first = try await ada.api.post(path, ["name": "Once"], headers: headers)
        let second = try await ada.api.post(path, ["name": "Once"], headers: headers)
        #expect(second.status == 201)
        #expect(second.json == first.json)
        #expect(try await ada.api.post(path, ["name": "Twice"], headers: headers).status == 422)
        #expect(try await ada.api.get(path).json["items"].array?.count == 2)
    }

    @Test func `one's own are listed page by page, the newest first`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        for number in 1...3 { _ = try await ada.api.post(path, ["name": .string("Lab \(number)")]) }
        try await server.join(ada, to: eve.organizationID, as: .viewer)
        let items = try #require(try await ada.api.get(path).json["items"].array)
        #expect(items.count == 5)
        #expect(items.prefix(3).map { $0["name"] } == ["Lab 3", "Lab 2", "Lab 1"])
        #expect(items.first { $0["id"].string == eve.organizationID }?["role"] == "viewer")
        let page = try await ada.api.get("\(path)?limit=3").json
        let cursor = try #require(page["next_cursor"].string)
        let rest = try await ada.api.get("\(path)?limit=3&cursor=\(cursor)").json
        #expect((page["items"].array ?? []) + (rest["items"].array ?? []) == items)
        #expect(rest["next_cursor"].isNull)
        let oldest = try await ada.api.get("\(path)?order=asc").json["items"].array
        #expect(oldest == items.reversed())
        for query in ["limit=0", "limit=1001", "cursor=x", "order=up"] {
            #expect(try await ada.api.get("\(path)?\(query)").status == 422, "\(query)")
        }
    }

    @Test func `another's organization is not there, whatever is asked of it`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        for id in [eve.organizationID, UUID().uuidString, "x", ada.id] {
            let one = "\(path)/\(id)"
            #expect(try await ada.api.get(one).status == 404)
            #expect(try await ada.api.put(one, ["name": "Mine"]).status == 404)
            #expect(try await ada.api.send(.DELETE, one, json: ["name": "Ada’s laboratory"]).status == 404)
            #expect(try await ada.api.post("\(one)/restore").status == 404)
            #expect(try await ada.api.post("\(one)/leave").status == 404)
            #expect(try await ada.api.get("\(one)/members").status == 404)
            #expect(try await ada.api.put("\(one)/members/\(eve.id)", ["role": "viewer"]).status == 404)
            #expect(try await ada.api.delete("\(one)/members/\(eve.id)").status == 404)
            #expect(
                try await ada.api.post("\(one)/transfer-ownership", ["user_id": .string(eve.id)]).status == 404)
        }
        #expect(try await eve.api.get("\(path)/\(eve.organizationID)").json["name"] == "Ada’s laboratory")
    }

    // MARK: Renaming

    @Test func `an admin renames, and the version counts up`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.member(of: ada.organizationID, as: .admin)
        let one = "\(path)/\(ada.organizationID)"
        let renamed = try await grace.api.put(one, ["name": "Engines"], headers: ["if-match": "\"1\""])
        #expect(renamed.status == 200)
        #expect(renamed.json["name"] == "Engines")
        #expect(renamed.json["version"] == 2)
        #expect(renamed.header("etag")?.hasPrefix("\"2-") == true)
        #expect(try await grace.api.put(one, ["name": "Late"], headers: ["if-match": "\"1\""]).status == 412)
        let same = try await grace.api.put(one, ["name": "Engines"])
        #expect(same.json["version"] == 2)
        // Each has the own role in it.
        let tag = try #require(try await ada.api.get(one).header("etag"))
        #expect(tag != renamed.header("etag"))
        #expect(try await ada.api.get(one, headers: ["if-none-match": tag]).status == 304)
        #expect(try await grace.api.get(one, headers: ["if-none-match": tag]).status == 200)
        #expect(try await ada.api.put(one, ["name": "Engines"], headers: ["if-match": tag]).status == 200)
        let data = try await server.lastAudit("organization.updated", of: ada.organizationID)
        #expect(data["before"]["name"] == "Ada’s laboratory")
        #expect(data["after"]["name"] == "Engines")
        let events = try await server.events(of: ada.organizationID, are: ["organization.updated"])
        #expect(try events.first?.decode(JSONValue.self)["name"] == "Engines")
    }

    @Test(arguments: ["POST /api/v1/organizations", "PUT /api/v1/organizations/{id}"])
    func `a name has from 1 to 200 characters on one line`(route: String) async throws {
        let ada = try await AuthServer.shared().newcomer()
        let parts = route.split(separator: " ").map(String.init)
        let method = HTTPMethod(rawValue: parts[0])
        let path = parts[1].replacing("{id}", with: ada.organizationID)
        func status(_ body: JSONValue) async throws -> Int { try await ada.api.send(method, path, json: body).status }
        let taken = method == .POST ? 201 : 200
        #expect(try await status(["name": "x"]) == taken)
        #expect(try await status(["name": .string(String(repeating: "x", count: 200))]) == taken)
        #expect(try await status(["name": .string(String(repeating: "x", count: 201))]) == 422)
        for name: JSONValue in ["", "  ", "a\nb", "a\u{0}b", 7, nil, ["x"]] {
            #expect(try await status(["name": name]) == 422, "\(name)")
        }
        #expect(try await status([:]) == 422)
        #expect(try await status("name") == 422)
        let malformed = try await ada.api.send(
            method, path, headers: ["content-type": "application/json"], body: Array("{\"name\": ".utf8))
        #expect(malformed.status == 400)
        let text = try await ada.api.send(
            method, path, headers: ["content-type": "text/plain"], body: Array("name".utf8))
        #expect(text.status == 415)
    }

    // MARK: Switching

    @Test func `a program switches, and what it had before stays where it was`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let id = try #require(try await ada.api.post(path, ["name": "Second"]).json["id"].string)
        let second = try await ada.switching(to: id)
        let me = try await second.api.get("/api/v1/auth/me").json
        #expect(me["organization_id"].string == id)
        #expect(me["role"] == "owner")
        #expect(try await ada.api.get("/api/v1/auth/me").json["organization_id"].string == ada.organizationID)
        #expect(try await ada.refresh(second.refreshToken).json["user"]["organization_id"].string == id)
        #expect(try await ada.refresh(ada.refreshToken).status == 401)
        // The old token's end is no theft: the session goes on.
        #expect(try await second.api.get("/api/v1/auth/me").status == 200)
        #expect(try await ada.api.get("/api/v1/auth/sessions").json["items"].array?.count == 1)
    }

    @Test func `a browser switches with a new cookie`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let id = try #require(try await ada.api.post(path, ["name": "Second"]).json["id"].string)
        let browser = try await Browser(client: ada.client).signedIn(ada)
        let response = try await ada.client.post(
            "/api/v1/auth/switch-organization", ["organization_id": .string(id)],
            headers: ["cookie": browser.cookie, "origin": "http://127.0.0.1:\(server.port)"])
        #expect(response.status == 200)
        #expect(response.json["refresh_token"].isNull)
        let cookie = try #require(response.cookie("session_token")).firstPair
        let me = try await ada.client.get("/api/v1/auth/me", headers: ["cookie": cookie])
        #expect(me.json["organization_id"].string == id)
        let script = ada.client.authorized(try #require(response.json["access_token"].string))
        #expect(try await script.get("/api/v1/auth/me").json["organization_id"].string == id)
    }

    @Test func `nobody switches to where they do not belong`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let switching = "/api/v1/auth/switch-organization"
        for id in [eve.organizationID, UUID().uuidString] {
            #expect(try await ada.api.post(switching, ["organization_id": .string(id)]).status == 404)
        }
        for body: JSONValue in [["organization_id": "x"], ["organization_id": 7], [:], []] {
            #expect(try await ada.api.post(switching, body).status == 422, "\(body)")
        }
        #expect(try await ada.refresh(ada.refreshToken).status == 200)
    }
}
