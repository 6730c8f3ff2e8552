import Foundation
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct ProfileTests {
    @Test func `a user sees the own account and organizations`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let response = try await ada.api.get("/api/v1/auth/me")
        #expect(response.status == 200)
        #expect(response.header("cache-control") == "private, no-cache")
        #expect(response.header("vary")?.hasPrefix("Cookie, Authorization") == true)
        let me = response.json
        #expect(me["id"].string == ada.id)
        #expect(me["email"].string == ada.email)
        #expect(me["role"] == "owner")
        #expect(me["organization_id"].string == ada.organizationID)
        #expect(me["organizations"].array?.count == 1)
        #expect(me["organizations"][0]["name"] == "Ada’s laboratory")
        let tag = try #require(response.header("etag"))
        #expect(tag.hasPrefix("\"1-"))
        let again = try await ada.api.get("/api/v1/auth/me", headers: ["if-none-match": tag])
        #expect(again.status == 304)
        #expect(again.header("vary")?.hasPrefix("Cookie, Authorization") == true)
    }

    @Test(arguments: ["/api/v1/auth/me", "/api/v1/users/profile"])
    func `what has changed without the version, or is another's, is sent again`(path: String) async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let tag = try #require(try await ada.api.get(path).header("etag"))
        #expect(try await eve.api.get(path, headers: ["if-none-match": tag]).json["id"] == .string(eve.id))
        try await server.join(ada, to: eve.organizationID, as: .viewer)
        let joined = try await ada.api.get(path, headers: ["if-none-match": tag])
        #expect(joined.json["organizations"].array?.count == 2)
        let there = try await ada.switching(to: eve.organizationID)
        let switched = try await there.api.get(path, headers: ["if-none-match": try #require(joined.header("etag"))])
        #expect(switched.json["role"] == "viewer")
        let (member, last) = (ada.id, try #require(switched.header("etag")))
        let role = try await eve.api.put(
            "/api/v1/organizations/\(eve.organizationID)/members/\(member)", ["role": "member"])
        #expect(role.status == 200)
        let token = try #require(try await there.refresh(there.refreshToken).json["access_token"].string)
        let promoted = try await ada.client.authorized(token).get(path, headers: ["if-none-match": last])
        #expect(promoted.json["role"] == "member")
        // A change asks for the version alone.
        let renamed = try await ada.client.authorized(token).put(path, ["name": "Ada"], headers: ["if-match": tag])
        #expect(renamed.status == 200)
    }

    @Test func `renaming counts the version up, in the directory too`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let response = try await ada.api.put(
            "/api/v1/auth/me", ["name": "Ada King"], headers: ["if-match": "\"1\""])
        #expect(response.status == 200)
        #expect(response.json["name"] == "Ada King")
        #expect(response.json["version"] == 2)
        #expect(response.header("etag")?.hasPrefix("\"2-") == true)
        let entity = try await server.query(
            "SELECT name, version FROM core.entities WHERE id = \(UUID(uuidString: ada.id))")
        #expect(try entity.first?.decode(String.self, at: 0) == "Ada King")
        #expect(try entity.first?.decode(Int32.self, at: 1) == 2)
        let audit = try await server.query(
            """
            SELECT count(*) FROM core.events
            WHERE entity_id = \(UUID(uuidString: ada.id)) AND event_type = 'user.updated'
            """)
        #expect(try audit.first?.decode(Int.self, at: 0) == 1)
        let event = try #require(try await server.events(about: ada.id, count: 2).last)
        #expect(event.type == "user.updated" && event.subjectVersion == 2 && event.userID?.text == ada.id)
        let data = try event.decode(JSONValue.self)
        #expect(data["user_id"].string == ada.id && data["email"].string == ada.email && data["name"] == "Ada King")
        #expect(data["is_email_verified"] == false && data["is_active"] == true)
    }

    @Test func `a stale version is 412, a bad name 422`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let stale = try await ada.api.put("/api/v1/auth/me", ["name": "Eve"], headers: ["if-match": "\"7\""])
        #expect(stale.status == 412)
        let none = try await ada.api.put("/api/v1/auth/me", ["name": "Eve"], headers: ["if-match": "x"])
        #expect(none.status == 412)
        let bad = try await ada.api.put("/api/v1/auth/me", ["name": "a\u{0}b"])
        #expect(bad.status == 422)
        #expect(bad.json["errors"][0]["field"] == "name")
        #expect(try await ada.api.get("/api/v1/auth/me").json["name"] == "Ada")
    }
}
