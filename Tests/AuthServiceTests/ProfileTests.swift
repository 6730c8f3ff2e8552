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
        #expect(response.header("etag") == "\"1\"")
        let me = response.json
        #expect(me["id"].string == ada.id)
        #expect(me["email"].string == ada.email)
        #expect(me["role"] == "owner")
        #expect(me["organization_id"].string == ada.organizationID)
        #expect(me["organizations"].array?.count == 1)
        #expect(me["organizations"][0]["name"] == "Ada’s laboratory")
        let again = try await ada.api.get("/api/v1/auth/me", headers: ["if-none-match": "\"1\""])
        #expect(again.status == 304)
    }

    @Test func `renaming counts the version up, in the directory too`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let response = try await ada.api.put(
            "/api/v1/auth/me", ["name": "Ada King"], headers: ["if-match": "\"1\""])
        #expect(response.status == 200)
        #expect(response.json["name"] == "Ada King")
        #expect(response.json["version"] == 2)
        #expect(response.header("etag") == "\"2\"")
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
        let data = try event.decode([String: String].self)
        #expect(data == ["user_id": ada.id, "email": ada.email, "name": "Ada King"])
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
