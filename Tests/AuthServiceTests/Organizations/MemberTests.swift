import EventBus
import Foundation
import Identity
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct MemberTests {
    private func path(_ organization: String, _ member: Newcomer? = nil) -> String {
        "/api/v1/organizations/\(organization)/members" + (member.map { "/\($0.id)" } ?? "")
    }

    // MARK: Looking

    @Test func `every member sees the members, page by page`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let viewer = try await server.member(of: ada.organizationID, as: .viewer)
        for _ in 0..<2 { _ = try await server.member(of: ada.organizationID, as: .member) }
        let items = try #require(try await viewer.api.get(path(ada.organizationID)).json["items"].array)
        #expect(items.count == 4)
        let own = try #require(items.last)
        #expect(own["user_id"].string == ada.id)
        #expect(own["email"].string == ada.email)
        #expect(own["name"] == "Ada")
        #expect(own["role"] == "owner")
        #expect(own["joined_at"].string.flatMap { Timestamp(rfc3339: $0) } != nil)
        for order in ["asc", "desc"] {
            var found: [JSONValue] = []
            var cursor = ""
            repeat {
                let page = try await viewer.api.get("\(path(ada.organizationID))?limit=3&order=\(order)\(cursor)").json
                found += page["items"].array ?? []
                cursor = page["next_cursor"].string.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(found == (order == "asc" ? items.reversed() : items))
        }
        #expect(try await viewer.api.get("\(path(ada.organizationID))?limit=x").status == 422)
    }

    // MARK: Roles

    @Test func `an admin changes a role; it is in the next token, and the old ones are void everywhere`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let admin = try await server.member(of: ada.organizationID, as: .admin)
        let grace = try await server.member(of: ada.organizationID, as: .member)
        let elsewhere = try await AuthServer.start(on: server.database).client().authorized(grace.accessToken)
        #expect(try await elsewhere.get("/api/v1/auth/me").status == 200)

        let response = try await admin.api.put(path(ada.organizationID, grace), ["role": "viewer"])
        #expect(response.status == 200)
        #expect(response.json["role"] == "viewer")
        #expect(response.json["user_id"].string == grace.id)
        #expect(try await grace.api.get("/api/v1/auth/me").status == 401)
        try await eventually(within: .seconds(1)) { try await elsewhere.get("/api/v1/auth/me").status == 401 }
        #expect(try await grace.refresh(grace.refreshToken).json["user"]["role"] == "viewer")

        let data = try await server.lastAudit("member.role_changed", of: ada.organizationID)
        #expect(data == ["before": ["role": "member"], "after": ["role": "viewer"]])
        let event = try await server.events(of: ada.organizationID, are: ["member.role_changed"])[0]
        #expect(event.subject == "\(ada.organizationID)/\(grace.id)")
        #expect(event.subjectVersion == response.json["version"].int)
        #expect(try event.decode(JSONValue.self)["role"] == "viewer")
    }

    @Test func `what is issued while a role changes says the new one`() async throws {
        let server = try await AuthServer.shared()
        let ways: [@Sendable (Newcomer) async throws -> JSONValue] = [
            { try await $0.refresh($0.refreshToken).json["user"]["role"] },
            { try await $0.logIn().json["user"]["role"] },
            { try await $0.switching(to: $0.organizationID).api.get("/api/v1/auth/me").json["role"] },
        ]
        for way in ways {
            let ada = try await server.newcomer()
            let issued = try await withClient(server.database.administrator) { client in
                // A change that has begun and takes its time.
                try await client.withTransaction { transaction -> Task<JSONValue, any Error> in
                    try await transaction.query(
                        "UPDATE auth.memberships SET role = 'viewer' WHERE user_id = \(UUID(uuidString: ada.id))")
                    let task = Task { try await way(ada) }
                    try await eventually {
                        try await server.query(
                            """
                            SELECT 1 FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event_type = 'Lock'
                                AND query LIKE '%FOR SHARE%'
                            """
                        ).count > 0
                    }
                    return task
                }
            }
            #expect(try await issued.value == "viewer")
        }
    }

    @Test func `the same role again changes nothing, another version is refused`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.member(of: ada.organizationID, as: .member)
        let one = path(ada.organizationID, grace)
        let same = try await ada.api.put(one, ["role": "member"])
        #expect(same.status == 200)
        #expect(try await grace.api.get("/api/v1/auth/me").status == 200)
        let tag = try #require(same.header("etag"))
        #expect(try await ada.api.put(one, ["role": "admin"], headers: ["if-match": "\"1\""]).status == 412)
        #expect(try await ada.api.delete(one, headers: ["if-match": "\"1\""]).status == 412)
        #expect(try await ada.api.put(one, ["role": "admin"], headers: ["if-match": tag]).status == 200)
    }

    @Test func `an admin cannot make, demote or remove an owner`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let admin = try await server.member(of: ada.organizationID, as: .admin)
        let grace = try await server.member(of: ada.organizationID, as: .member)
        #expect(try await admin.api.put(path(ada.organizationID, grace), ["role": "owner"]).status == 403)
        #expect(try await admin.api.put(path(ada.organizationID, admin), ["role": "owner"]).status == 403)
        #expect(try await admin.api.put(path(ada.organizationID, ada), ["role": "viewer"]).status == 403)
        #expect(try await admin.api.delete(path(ada.organizationID, ada)).status == 403)
        let transfer = "/api/v1/organizations/\(ada.organizationID)/transfer-ownership"
        #expect(try await admin.api.post(transfer, ["user_id": .string(grace.id)]).status == 403)
        #expect(try await ada.api.get("/api/v1/auth/me").json["role"] == "owner")
    }

    @Test func `members and viewers manage nobody`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let other = try await server.member(of: ada.organizationID, as: .viewer)
        for role in [Role.member, .viewer] {
            let eve = try await server.member(of: ada.organizationID, as: role)
            #expect(try await eve.api.put(path(ada.organizationID, eve), ["role": "admin"]).status == 403)
            #expect(try await eve.api.put(path(ada.organizationID, other), ["role": "member"]).status == 403)
            #expect(try await eve.api.delete(path(ada.organizationID, other)).status == 403)
        }
    }

    @Test func `bad roles and strangers are refused`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let grace = try await server.member(of: ada.organizationID, as: .member)
        for body: JSONValue in [["role": "boss"], ["role": 7], ["role": nil], [:], []] {
            #expect(try await ada.api.put(path(ada.organizationID, grace), body).status == 422, "\(body)")
        }
        for id in [eve.id, UUID().uuidString, "x"] {
            let one = "\(path(ada.organizationID))/\(id)"
            #expect(try await ada.api.put(one, ["role": "viewer"]).status == 404)
            #expect(try await ada.api.delete(one).status == 404)
        }
    }

    // MARK: Leaving

    @Test func `a removed member is out everywhere, and goes on in another organization`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.newcomer()
        try await server.join(grace, to: ada.organizationID, as: .member)
        let there = try await grace.switching(to: ada.organizationID)
        let elsewhere = try await AuthServer.start(on: server.database).client().authorized(there.accessToken)
        #expect(try await elsewhere.get("/api/v1/auth/me").status == 200)
        #expect(try await ada.api.delete(path(ada.organizationID, grace)).status == 204)
        #expect(try await there.api.get("/api/v1/auth/me").status == 401)
        try await eventually(within: .seconds(1)) { try await elsewhere.get("/api/v1/auth/me").status == 401 }
        // What was issued for another organization goes on.
        #expect(try await grace.api.get("/api/v1/auth/me").status == 200)
        let next = try await there.refresh(there.refreshToken).json["user"]
        #expect(next["organization_id"].string == grace.organizationID)
        #expect(next["role"] == "owner")
        let data = try await server.lastAudit("member.removed", of: ada.organizationID)
        #expect(data["before"] == ["role": "member"])
        let event = try await server.events(of: ada.organizationID, are: ["member.removed"])[0]
        #expect(event.subject == "\(ada.organizationID)/\(grace.id)")
    }

    @Test func `who belongs nowhere any more goes on without an organization`() async throws {
        let server = try await AuthServer.shared()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        try await server.join(ada, to: grace.organizationID, as: .owner)
        let own = "/api/v1/organizations/\(grace.organizationID)"
        #expect(try await grace.api.post("\(own)/leave").status == 204)
        let next = try await grace.refresh(grace.refreshToken).json
        #expect(next["user"]["organization_id"].isNull)
        let token = try #require(next["access_token"].string)
        let items = try await grace.client.authorized(token).get("/api/v1/organizations").json["items"]
        #expect(items == [])
        // A new organization is where the session goes on.
        let made = try await grace.client.authorized(token).post("/api/v1/organizations", ["name": "Again"]).json
        let later = try await grace.refresh(try #require(next["refresh_token"].string)).json["user"]
        #expect(later["organization_id"] == made["id"])
    }

    @Test func `who comes back has a newer membership than before`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.member(of: ada.organizationID, as: .member)
        #expect(try await ada.api.delete(path(ada.organizationID, grace)).status == 204)
        try await server.join(grace, to: ada.organizationID, as: .viewer)
        #expect(try await ada.api.put(path(ada.organizationID, grace), ["role": "member"]).status == 200)
        let events = try await server.events(of: ada.organizationID, are: ["member.removed", "member.role_changed"])
        #expect(events[0].subjectVersion < events[1].subjectVersion)
    }

    @Test func `the last owner cannot leave, be removed or be demoted`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        _ = try await server.member(of: ada.organizationID, as: .admin)
        let own = "/api/v1/organizations/\(ada.organizationID)"
        #expect(try await ada.api.post("\(own)/leave").status == 409)
        #expect(try await ada.api.delete(path(ada.organizationID, ada)).status == 409)
        #expect(try await ada.api.put(path(ada.organizationID, ada), ["role": "admin"]).status == 409)
        #expect(try await ada.api.get("/api/v1/auth/me").json["role"] == "owner")
    }

    @Test func `of all owners who leave at once one stays`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        var owners = [ada]
        for _ in 0..<4 { owners.append(try await server.member(of: ada.organizationID, as: .owner)) }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for (number, owner) in owners.enumerated() {
                group.addTask {
                    let own = "/api/v1/organizations/\(ada.organizationID)"
                    guard number.isMultiple(of: 2) else { return try await owner.api.post("\(own)/leave").status }
                    return try await owner.api.put("\(own)/members/\(owner.id)", ["role": "viewer"]).status
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 409 }.count == 1)
        #expect(statuses.filter { $0 == 200 || $0 == 204 }.count == 4)
        let left = try await server.query(
            """
            SELECT 1 FROM auth.memberships
            WHERE organization_id = \(UUID(uuidString: ada.organizationID)) AND role = 'owner'
            """)
        #expect(left.count == 1)
    }

    @Test func `a browser that leaves goes on with a new cookie`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let second = try #require(
            try await ada.api.post("/api/v1/organizations", ["name": "Second"]).json["id"].string)
        try await server.join(try await server.newcomer(), to: ada.organizationID, as: .owner)
        let browser = try await Browser(client: ada.client).signedIn(ada)
        let response = try await ada.client.post(
            "/api/v1/organizations/\(ada.organizationID)/leave",
            headers: ["cookie": browser.cookie, "origin": "http://127.0.0.1:\(server.port)"])
        #expect(response.status == 204)
        #expect(try await browser.client.get("/api/v1/auth/me", headers: ["cookie": browser.cookie]).status == 401)
        let cookie = try #require(response.cookie("session_token")).firstPair
        let me = try await ada.client.get("/api/v1/auth/me", headers: ["cookie": cookie])
        #expect(me.json["organization_id"].string == second)
    }

    @Test func `a browser whose user has another role goes on by way of the page for signing in`() async throws {
        let server = try await AuthServer.shared()
        let (ada, grace) = (try await server.newcomer(), try await server.newcomer())
        try await server.join(ada, to: grace.organizationID, as: .owner)
        let browser = try await Browser(client: grace.client).signedIn(grace)
        #expect(try await ada.api.put(path(grace.organizationID, grace), ["role": "viewer"]).status == 200)
        func me(_ cookie: String) async throws -> TestHTTPResponse {
            try await grace.client.get("/api/v1/auth/me", headers: ["cookie": cookie])
        }
        #expect(try await me(browser.cookie).status == 401)
        let response = try await browser.get("/auth/login?next=/devices")
        #expect(response.status == 303)
        #expect(response.header("location") == "/devices")
        let cookie = try #require(response.cookie("session_token")).firstPair
        #expect(try await me(cookie).json["role"] == "viewer")

        // Once the session has ended there is no way on.
        #expect(
            try await grace.client.post(
                "/api/v1/auth/logout", headers: ["cookie": cookie, "origin": "http://127.0.0.1:\(server.port)"]
            ).status == 204)
        for cookie in [browser.cookie, cookie] {
            let page = try await Browser(client: grace.client, cookie: cookie).get("/auth/login")
            #expect(page.status == 200)
            #expect(page.cookie("session_token") == nil)
        }
    }

    @Test func `what has ended for the person ends in the browser, too`() async throws {
        let server = try await AuthServer.shared()
        let (root, grace) = (try await server.superuser(), try await server.newcomer())
        let browser = try await Browser(client: grace.client).signedIn(grace)
        // Both change what the user may do, so what was issued before is void, and the user is active all the same.
        for isSuperuser in [true, false] {
            let response = try await root.api.patch(
                "/api/v1/admin/users/\(grace.id)", ["is_superuser": .bool(isSuperuser)])
            #expect(response.status == 200)
        }
        let page = try await browser.get("/auth/login")
        #expect(page.status == 200)
        #expect(page.cookie("session_token") == nil)
    }

    // MARK: Ownership

    @Test func `ownership goes to another member, and the former owner is an admin`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.member(of: ada.organizationID, as: .viewer)
        let eve = try await server.newcomer()
        let transfer = "/api/v1/organizations/\(ada.organizationID)/transfer-ownership"
        for body: JSONValue in [
            ["user_id": .string(eve.id)], ["user_id": .string(ada.id)], ["user_id": "x"], [:], [],
        ] {
            #expect(try await ada.api.post(transfer, body).status == 422, "\(body)")
        }
        #expect(try await ada.api.post(transfer, ["user_id": .string(grace.id)]).status == 204)
        #expect(try await ada.api.get("/api/v1/auth/me").status == 401)
        #expect(try await ada.refresh(ada.refreshToken).json["user"]["role"] == "admin")
        #expect(try await grace.refresh(grace.refreshToken).json["user"]["role"] == "owner")
        let events = try await server.events(
            of: ada.organizationID, are: ["member.role_changed", "member.role_changed"])
        #expect(Set(events.map(\.subject)).count == 2)
    }
}
