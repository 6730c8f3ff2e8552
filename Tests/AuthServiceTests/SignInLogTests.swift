import Foundation
import NIOHTTP1
import Postgres
import TestKit
import Testing

@testable import AuthService

/// What the audit log keeps of sign-ins and of what ends them.
@Suite struct SignInLogTests {
    /// The newest of somebody's rows of a type, as those see them who run the platform.
    private func rows(_ type: String, of person: Newcomer, _ server: AuthServer) async throws -> [JSONValue] {
        let rows = try await server.query(
            """
            SELECT jsonb_build_object('data', data, 'actor', actor) FROM core.events
            WHERE entity_id = \(UUID(uuidString: person.id)) AND event_type = \(type) ORDER BY timestamp DESC
            """)
        return try rows.map { try $0.decode(JSONB.self, at: 0).decode() }
    }

    @Test func `a sign-in is kept with where it was from`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let login = try await ada.client.post(
            "/api/v1/auth/login", ["email": .string(ada.email), "password": .string(Newcomer.password)],
            headers: ["user-agent": "Analytical Engine/1"])
        #expect(login.status == 200)
        let kept = try await rows("user.signed_in", of: ada, server)
        #expect(kept.count == 1)
        #expect(kept[0]["data"]["user_agent"] == "Analytical Engine/1")
        #expect(kept[0]["data"]["address"].string?.hasPrefix("10.") == true)
        #expect(kept[0]["data"]["kind"] == "api")
        let session = try login.json["access_token"].claims["sid"]
        #expect(kept[0]["data"]["session_id"] == session)
        #expect(kept[0]["actor"]["id"] == .string(ada.id))
        let own = try await ada.api.get("/api/v1/users/export").json["history"].array ?? []
        #expect(own.contains { $0["event_type"] == "user.signed_in" })
    }

    @Test func `failures of an account are kept once a minute, those of none not at all`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<3 { group.addTask { try await ada.logIn(password: "wrong horse battery").status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == [401, 401, 401])
        let kept = try await rows("user.sign_in_failed", of: ada, server)
        #expect(kept.count == 1)
        #expect(kept[0]["data"]["step"] == "password")
        #expect(kept[0]["data"]["address"].string?.hasPrefix("10.") == true)
        #expect(kept[0]["actor"] == ["type": "unknown"])
        _ = try await server.query(
            """
            UPDATE core.events SET timestamp = timestamp - interval '61 seconds'
            WHERE entity_id = \(UUID(uuidString: ada.id)) AND event_type = 'user.sign_in_failed'
            """)
        let other = server.client()
        let login: JSONValue = ["email": .string(ada.email), "password": "wrong horse battery"]
        #expect(try await other.post("/api/v1/auth/login", login).status == 401)
        #expect(try await rows("user.sign_in_failed", of: ada, server).count == 2)
        let nobody: JSONValue = ["email": .string(AuthServer.newAddress()), "password": "wrong horse battery"]
        #expect(try await other.post("/api/v1/auth/login", nobody).status == 401)
    }

    @Test func `a wrong code is a failure, too`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        _ = try await ada.enableTwoFactor()
        #expect(try await ada.answer(try await ada.challenge(), "000000").status == 401)
        #expect(try await rows("user.sign_in_failed", of: ada, server).map { $0["data"]["step"] } == ["second_factor"])
        #expect(try await rows("user.signed_in", of: ada, server).isEmpty)
    }

    @Test func `who is signed in and gives a wrong password where it is asked for once more is kept`() async throws {
        let server = try await AuthServer.shared()
        let wrong: JSONValue = "wrong horse battery"
        let questions: [(HTTPMethod, String, [String: JSONValue])] = [
            (
                .POST, "/api/v1/auth/change-password",
                ["current_password": wrong, "new_password": "incorrect horse battery"]
            ),
            (.DELETE, "/api/v1/users/account", ["password": wrong]),
            (.DELETE, "/api/v1/auth/two-factor", ["password": wrong]),
            (.POST, "/api/v1/auth/change-email", ["password": wrong]),
        ]
        for (method, path, fields) in questions {
            let ada = try await server.newcomer()
            let body = fields.merging(["email": .string(ada.email)]) { $1 }
            #expect(try await ada.api.send(method, path, json: .object(body)).status == 401, "\(path)")
            let kept = try await rows("user.confirmation_failed", of: ada, server)
            #expect(kept.map { $0["data"]["step"] } == ["password"], "\(path)")
            #expect(kept.allSatisfy { $0["actor"]["id"] == .string(ada.id) })
            #expect(kept.allSatisfy { $0["data"]["address"].string?.hasPrefix("10.") == true })
            #expect(try await rows("user.sign_in_failed", of: ada, server).isEmpty, "\(path)")
        }
    }

    @Test func `so is a wrong code of a factor that is to end, to be replaced, or to have other recovery codes`()
        async throws
    {
        let server = try await AuthServer.shared()
        let path = "/api/v1/auth/two-factor"
        for (method, path) in [(.DELETE, path), (.POST, path), (.POST, "\(path)/recovery-codes")]
            as [(HTTPMethod, String)]
        {
            let ada = try await server.newcomer()
            _ = try await ada.enableTwoFactor()
            let body: JSONValue = ["password": .string(Newcomer.password), "code": "000000"]
            #expect(try await ada.api.send(method, path, json: body).status == 401, "\(method) \(path)")
            let kept = try await rows("user.confirmation_failed", of: ada, server)
            #expect(kept.map { $0["data"]["step"] } == ["second_factor"], "\(method) \(path)")
        }
    }

    @Test func `a letter that is asked for to set another password is kept with where it was from`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let path = "/api/v1/auth/forgot-password"
        #expect(try await server.client().post(path, ["email": .string(AuthServer.newAddress())]).status == 202)
        #expect(try await server.client().post(path, ["email": .string(ada.email)]).status == 202)
        let kept = try await rows("user.password_reset_requested", of: ada, server)
        #expect(kept.count == 1)
        #expect(kept[0]["data"]["address"].string?.hasPrefix("10.") == true)
        #expect(kept[0]["actor"] == ["type": "unknown"])
    }

    @Test func `another address that is wanted is kept before it is the account's`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let address = AuthServer.newAddress()
        let wanted: JSONValue = ["email": .string(address), "password": .string(Newcomer.password)]
        let answer = try await ada.api.post("/api/v1/auth/change-email", wanted)
        #expect(answer.status == 202, "\(answer)")
        let kept = try await rows("user.email_change_requested", of: ada, server)
        #expect(kept.map { $0["data"] } == [["email": .string(address)]])
    }

    @Test func `who takes along all that is held of an account is kept`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let own = try await ada.api.get("/api/v1/users/export").json["history"].array ?? []
        #expect(own.contains { $0["event_type"] == "user.exported" })
        let kept = try await rows("user.exported", of: ada, server)
        #expect(kept.count == 1)
        #expect(kept[0]["data"]["address"].string?.hasPrefix("10.") == true)
    }

    @Test func `what ends a session is kept, by its cause`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let session = try JSONValue.string(ada.accessToken).claims["sid"]
        let second = try await ada.logIn().json
        let other = try #require(try second["access_token"].claims["sid"].string)
        #expect(try await ada.api.delete("/api/v1/auth/sessions/\(other)").status == 204)
        #expect(
            try await rows("user.session_revoked", of: ada, server).map { $0["data"]["session_id"] } == [.string(other)]
        )

        let third = try await ada.logIn().json
        let token = try #require(third["refresh_token"].string)
        #expect(try await ada.refresh(token).status == 200)
        #expect(try await ada.refresh(token).status == 401)
        let reused = try await rows("user.refresh_token_reused", of: ada, server)
        #expect(reused.map { $0["data"]["session_id"] } == [try third["access_token"].claims["sid"]])
        #expect(reused.map { $0["actor"] } == [["type": "system"]])

        #expect(try await ada.api.post("/api/v1/auth/logout").status == 204)
        #expect(try await rows("user.signed_out", of: ada, server).map { $0["data"]["session_id"] } == [session])
    }
}
