import Foundation
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct AdministrationTests {
    @Test func `a superuser finds users and organizations`() async throws {
        let server = try await AuthServer.shared()
        let (root, ada) = (try await server.superuser(), try await server.newcomer())
        let users = try await root.api.get("/api/v1/admin/users?q=\(ada.email.uppercased())").json["items"]
        #expect(users.array?.count == 1)
        #expect(users[0]["id"] == .string(ada.id))
        #expect(users[0]["organization_count"] == 1)
        #expect(try await root.api.get("/api/v1/admin/users?q=\(ada.email)&is_active=false").json["items"] == [])
        let page = try await root.api.get("/api/v1/admin/organizations?q=ada&limit=1").json
        #expect(page["items"][0]["member_count"].int != nil)
        #expect(page["next_cursor"].string != nil)
        let totals = try await root.api.get("/api/v1/admin/stats").json
        #expect(try #require(totals["users"].int) >= 2)
        #expect(try #require(totals["superusers"].int) >= 1)
        #expect(try await root.api.get("/api/v1/admin/users?is_active=x").status == 422)
    }

    @Test func `an account is closed everywhere at once, and opened again`() async throws {
        let server = try await AuthServer.shared()
        let (root, ada) = (try await server.superuser(), try await server.newcomer())
        let path = "/api/v1/admin/users/\(ada.id)"
        let closed = try await root.api.patch(path, ["is_active": false])
        #expect(closed.status == 200)
        #expect(closed.json["is_active"] == false)
        #expect(try await ada.api.get("/api/v1/auth/me").status == 401)
        #expect(try await ada.refresh(ada.refreshToken).status == 401)
        #expect(try await ada.logIn().status == 401)
        #expect(try await root.api.patch(path, ["is_active": true], headers: ["if-match": "\"1\""]).status == 412)
        #expect(try await root.api.patch(path, ["is_active": true]).status == 200)
        #expect(try await ada.logIn().status == 200)
        let log = try await root.api.get("/api/v1/admin/audit?entity_id=\(ada.id)&event_type=user.access_changed").json
        #expect(log["items"].array?.count == 2)
        #expect(log["items"][1]["data"]["after"] == ["is_active": false, "is_superuser": false])
        #expect(log["items"][1]["actor"]["id"] == .string(root.id))
    }

    @Test func `superusers are made and unmade, but not by themselves`() async throws {
        let server = try await AuthServer.shared()
        let (root, ada) = (try await server.superuser(), try await server.newcomer())
        #expect(try await ada.api.get("/api/v1/admin/stats").status == 403)
        #expect(try await root.api.patch("/api/v1/admin/users/\(ada.id)", ["is_superuser": true]).status == 200)
        let token = try #require(try await ada.logIn().json["access_token"].string)
        let second = ada.client.authorized(token)
        #expect(try await second.get("/api/v1/admin/stats").status == 200)
        for change in ["is_superuser", "is_active"] {
            let response = try await second.patch("/api/v1/admin/users/\(ada.id)", [change: false])
            #expect(response.status == 409)
        }
        #expect(try await root.api.patch("/api/v1/admin/users/\(ada.id)", ["is_superuser": false]).status == 200)
        #expect(try await second.get("/api/v1/admin/stats").status == 401)
        #expect(try await root.api.patch("/api/v1/admin/users/\(UUID())", ["is_active": false]).status == 404)
        #expect(try await root.api.patch("/api/v1/admin/users/\(ada.id)", ["is_active": "no"]).status == 422)
    }

    @Test func `the platform keeps a superuser, whoever goes at once`() async throws {
        let server = try await AuthServer.start(on: try await AuthServer.makeDatabase())
        let root = try await server.superuser()
        func end(_ person: Newcomer) async throws -> Int {
            try await person.delete(
                "/api/v1/users/account", ["email": .string(person.email), "password": .string(Newcomer.password)]
            ).status
        }
        #expect(try await end(root) == 409)
        let second = try await server.superuser()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for person in [root, second] { group.addTask { try await end(person) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [202, 409])
        // Who is being deleted does not count; who takes the other's access away would be the last to go.
        let leaving = try await server.query("SELECT id FROM auth.users WHERE deletes_at IS NOT NULL")
        let isRootLeaving = try leaving.first?.decode(UUID.self).text == root.id
        let (gone, left) = isRootLeaving ? (root, second) : (second, root)
        for change in ["is_superuser", "is_active"] {
            #expect(try await gone.api.patch("/api/v1/admin/users/\(left.id)", [change: false]).status == 409)
        }
        #expect(try await gone.api.post("/api/v1/users/account/restore").status == 204)
        #expect(try await gone.api.patch("/api/v1/admin/users/\(left.id)", ["is_superuser": false]).status == 200)
    }

    @Test func `an account that is closed, or opened again, is announced`() async throws {
        let server = try await AuthServer.shared()
        let (root, ada) = (try await server.superuser(), try await server.newcomer())
        #expect(try await root.api.patch("/api/v1/admin/users/\(ada.id)", ["is_active": false]).status == 200)
        #expect(try await root.api.patch("/api/v1/admin/users/\(ada.id)", ["is_active": true]).status == 200)
        for (version, type) in [(2, "user.deactivated"), (3, "user.reactivated")] {
            let event = try await server.published(type, about: ada.id)
            #expect(event.subjectVersion == version)
            #expect(try event.decode(JSONValue.self)["email"] == .string(ada.email))
        }
    }
}
