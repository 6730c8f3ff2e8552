import Foundation
import Identity
import Postgres
import TestKit
import Testing

@testable import AuthService

/// What the admins of an organization are told of sessions in it.
@Suite struct SessionLogTests {
    /// What the log of the reader's organization says of somebody's sessions, the oldest first.
    private func sessions(of person: Newcomer, toldTo reader: Newcomer) async throws -> [JSONValue] {
        let path = "/api/v1/organizations/\(reader.organizationID)/audit?entity_id=\(person.id)&order=asc"
        let answer = try await reader.api.get(path + "&event_type=session.opened,session.ended")
        #expect(answer.status == 200, "\(answer)")
        return answer.json["items"].array ?? []
    }

    private func words(_ rows: [JSONValue]) -> [String] {
        rows.map { ($0["event_type"].string ?? "") + ($0["data"]["cause"].string.map { " " + $0 } ?? "") }
    }

    @Test func `a sign-in into an organization is told there, and not from where it was`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let login = try await ada.client.post(
            "/api/v1/auth/login", ["email": .string(ada.email), "password": .string(Newcomer.password)],
            headers: ["user-agent": "Analytical Engine/1"])
        #expect(login.status == 200)
        let told = try await sessions(of: ada, toldTo: ada)
        #expect(words(told) == ["session.opened"])
        #expect(told[0]["data"] == ["session_id": try login.json["access_token"].claims["sid"], "kind": "api"])
        #expect(told[0]["actor"] == ["type": "user", "id": .string(ada.id)])
        let log = try await ada.api.get("/api/v1/organizations/\(ada.organizationID)/audit").text
        #expect(!log.contains("Analytical Engine") && !log.contains("user.signed_in"))
        // Another organization of hers would not be told, and so is no stranger's.
        #expect(try await sessions(of: ada, toldTo: eve).isEmpty)
    }

    @Test func `what fails is told to no organization`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        #expect(try await ada.logIn(password: "wrong horse battery").status == 401)
        #expect(try await sessions(of: ada, toldTo: ada).isEmpty)
        let log = try await ada.api.get("/api/v1/organizations/\(ada.organizationID)/audit").text
        #expect(!log.contains("user.sign_in_failed"))
        let own = try await ada.api.get("/api/v1/users/export").json["history"].array ?? []
        #expect(own.contains { $0["event_type"] == "user.sign_in_failed" })
    }

    @Test func `whoever comes from another organization is told in both, of neither to the other`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        try await server.join(eve, to: ada.organizationID, as: .member)
        let there = try await eve.switching(to: ada.organizationID)
        #expect(words(try await sessions(of: eve, toldTo: ada)) == ["session.opened"])
        var home = eve
        home.accessToken = try #require(try await eve.logIn().json["access_token"].string)
        #expect(words(try await sessions(of: eve, toldTo: home)) == ["session.ended moved", "session.opened"])
        for reader in [ada, home] {
            let log = "\(try await sessions(of: eve, toldTo: reader))"
            #expect(!log.contains(reader.id == ada.id ? eve.organizationID : ada.organizationID))
        }
        // To where it is already, it does not come.
        let again = try await there.switching(to: ada.organizationID)
        #expect(try await again.refresh(again.refreshToken).status == 200)
        #expect(words(try await sessions(of: eve, toldTo: ada)) == ["session.opened"])
    }

    @Test func `a session that goes on elsewhere since its user has left is told, too`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let eve = try await server.member(of: ada.organizationID, as: .member)
        #expect(
            try await ada.api.delete("/api/v1/organizations/\(ada.organizationID)/members/\(eve.id)").status == 204)
        let refreshed = try await eve.refresh(eve.refreshToken).json
        let home = try #require(try refreshed["access_token"].claims["org"].string)
        #expect(words(try await sessions(of: eve, toldTo: ada)) == ["session.opened", "session.ended moved"])
        let back = Newcomer(
            client: eve.client, email: eve.email, id: eve.id, organizationID: home,
            accessToken: try #require(refreshed["access_token"].string), refreshToken: "")
        #expect(words(try await sessions(of: eve, toldTo: back)) == ["session.ended moved", "session.opened"])
    }

    @Test func `the end of a session is told where it was, with its cause`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let eve = try await server.member(of: ada.organizationID, as: .member)
        #expect(try await eve.api.post("/api/v1/auth/logout").status == 204)
        let stolen = try await server.member(of: ada.organizationID, as: .member)
        #expect(try await stolen.refresh(stolen.refreshToken).status == 200)
        #expect(try await stolen.refresh(stolen.refreshToken).status == 401)
        let changing = try await server.member(of: ada.organizationID, as: .member)
        let other = try #require(try await changing.logIn().json["access_token"].string)
        let change: JSONValue = [
            "current_password": .string(Newcomer.password), "new_password": "another horse battery",
        ]
        let changed = try await changing.client.authorized(other).post("/api/v1/auth/change-password", change)
        #expect(changed.status == 204, "\(changed)")
        for (person, end) in [
            (eve, "signed_out"), (stolen, "refresh_token_reused"), (changing, "session_revoked"),
        ] {
            let told = try await sessions(of: person, toldTo: ada)
            #expect(words(told) == ["session.opened", "session.ended " + end])
            #expect(told.first?["data"]["session_id"] == told.last?["data"]["session_id"])
        }
    }
}
