import Foundation
import Identity
import Kernel
import Postgres
import Redis
import TestKit
import Testing

@testable import AuthService

@Suite struct SessionTests {
    // MARK: Refreshing

    @Test func `a refresh token is exchanged for new tokens`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let response = try await ada.refresh(ada.refreshToken)
        #expect(response.status == 200)
        let (access, refresh) = (response.json["access_token"].string, response.json["refresh_token"].string)
        #expect(refresh != ada.refreshToken)
        #expect(try await ada.client.authorized(try #require(access)).get("/api/v1/auth/me").status == 200)
        #expect(try await ada.refresh(try #require(refresh)).status == 200)
    }

    @Test func `a refresh token that is used twice ends its session everywhere`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let first = try await ada.refresh(ada.refreshToken)
        let (access, refresh) = (first.json["access_token"].string, first.json["refresh_token"].string)
        #expect(try await ada.refresh(ada.refreshToken).status == 401)
        #expect(try await ada.refresh(try #require(refresh)).status == 401)
        #expect(try await ada.client.authorized(try #require(access)).get("/api/v1/auth/me").status == 401)
        // Another session of the same person goes on.
        #expect(try await ada.logIn().status == 200)
    }

    @Test func `of two who present a token at once one is answered`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 { group.addTask { try await ada.refresh(ada.refreshToken).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [200, 401, 401, 401])
    }

    @Test func `an expired or foreign refresh token is refused`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        for token in ["", "lms_ref_", ada.accessToken, "lms_ref_" + String(repeating: "A", count: 43)] {
            #expect(try await ada.refresh(token).status == 401)
        }
        _ = try await server.query(
            """
            UPDATE auth.refresh_tokens SET expires_at = now() FROM auth.sessions s
            WHERE s.id = session_id AND s.user_id = \(UUID(uuidString: ada.id))
            """)
        #expect(try await ada.refresh(ada.refreshToken).status == 401)
    }

    @Test(arguments: [("719 hours 59 minutes", 200), ("720 hours", 401)])
    func `a refresh token lives for 30 days, the first one and the next`(age: String, status: Int) async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let next = try #require(try await ada.refresh(ada.refreshToken).json["refresh_token"].string)
        let other = try #require(try await ada.logIn().json["refresh_token"].string)
        // As if they had been issued so long ago.
        _ = try await server.query(
            """
            WITH aged AS (
                UPDATE auth.sessions SET expires_at = expires_at - \(age)::interval
                WHERE user_id = \(UUID(uuidString: ada.id)) RETURNING id
            )
            UPDATE auth.refresh_tokens SET expires_at = expires_at - \(age)::interval FROM aged
            WHERE session_id = aged.id
            """)
        for token in [next, other] { #expect(try await ada.refresh(token).status == status) }
    }

    @Test func `a role that has changed is in the next token`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        _ = try await server.query(
            "UPDATE auth.memberships SET role = 'viewer' WHERE user_id = \(UUID(uuidString: ada.id))")
        #expect(try await ada.refresh(ada.refreshToken).json["user"]["role"] == "viewer")
        _ = try await server.query("DELETE FROM auth.memberships WHERE user_id = \(UUID(uuidString: ada.id))")
        let response = try await ada.logIn()
        #expect(response.status == 200)
        #expect(response.json["user"]["organization_id"].isNull)
        #expect(response.json["user"]["role"].isNull)
    }

    // MARK: Ending

    @Test func `logging out ends the session here and in the other instances within a second`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let other = try await AuthServer.start(on: server.database)
        let elsewhere = other.client().authorized(ada.accessToken)
        #expect(try await elsewhere.get("/api/v1/auth/me").status == 200)
        #expect(try await ada.api.post("/api/v1/auth/logout").status == 204)
        #expect(try await ada.api.get("/api/v1/auth/me").status == 401)
        try await eventually(within: .seconds(1)) { try await elsewhere.get("/api/v1/auth/me").status == 401 }
        #expect(try await ada.refresh(ada.refreshToken).status == 401)
        #expect(try await ada.api.post("/api/v1/auth/logout").status == 401)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a session that ends is announced`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let redis = RedisClient(try RedisConfiguration(url: server.database.redisURL))
        let runner = Task { await redis.run() }
        defer { runner.cancel() }
        var sessions: Set<UUID> = []
        for await event in redis.subscribe(to: Revocation.channel) {
            switch event {
            case .established: #expect(try await ada.api.post("/api/v1/auth/logout").status == 204)
            case .dropped: Issue.record("the channel was read too slowly")
            case .message(let message):
                let revocation = try JSONDecoder().decode(Revocation.self, from: Data(message.payload))
                if case .session(let id) = revocation.subject { sessions.insert(id) }
            }
            let own = try await server.query(
                "SELECT id FROM auth.sessions WHERE user_id = \(UUID(uuidString: ada.id))")
            if try sessions.contains(#require(own.first).decode(UUID.self, at: 0)) { break }
        }
    }

    @Test func `other services read what has been revoked, in order`() async throws {
        let server = try await AuthServer.shared()
        let service = server.client().authorized(try await server.internalToken())
        let start = try #require(
            try await service.get("/internal/v1/revocations?after=9223372036854775807").json["next"].string)
        #expect(start == "9223372036854775807")
        let before = try #require(try await service.get("/internal/v1/revocations").json["next"].string)
        let ada = try await server.newcomer()
        #expect(try await ada.api.post("/api/v1/auth/logout").status == 204)
        let page = try await service.get("/internal/v1/revocations?after=\(before)").json
        let session = try await server.query(
            "SELECT id FROM auth.sessions WHERE user_id = \(UUID(uuidString: ada.id))")
        let id = try #require(try session.first?.decode(UUID.self, at: 0)).text
        let item = try #require(page["items"].array?.first { $0["id"].string == id })
        #expect(item["kind"] == "session")
        #expect(try await service.get("/internal/v1/revocations?after=x").status == 422)
    }

    @Test func `an instance that has just started and is ready knows all that was revoked before`() async throws {
        let server = try await AuthServer.start(on: try await AuthServer.makeDatabase())
        let ada = try await server.newcomer()
        _ = try await server.query(
            """
            INSERT INTO auth.revocations (revocation, expires_at)
            SELECT jsonb_build_object('kind', 'session', 'id', gen_random_uuid(), 'at', t.now, 'until', t.now + 3600000000),
                now() + interval '1 hour'
            FROM generate_series(1, 5500), (SELECT (extract(epoch FROM now()) * 1000000)::bigint) t (now)
            """)
        #expect(try await ada.api.post("/api/v1/auth/logout").status == 204)
        let later = try await AuthServer.start(on: server.database, redisURL: "redis://127.0.0.1:9/0")
        #expect(try await later.client().authorized(ada.accessToken).get("/api/v1/auth/me").status == 401)
    }

    // MARK: Looking

    @Test func `a user sees the sessions that hold and ends one of them`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let phone = try await ada.logIn().json["access_token"].string
        let items = try #require(try await ada.api.get("/api/v1/auth/sessions").json["items"].array)
        #expect(items.count == 2)
        #expect(items.map { $0["is_current"] } == [false, true])
        #expect(items.allSatisfy { $0["kind"] == "api" })
        let id = try #require(items[0]["id"].string)
        #expect(try await ada.api.delete("/api/v1/auth/sessions/\(id)").status == 204)
        #expect(try await ada.client.authorized(try #require(phone)).get("/api/v1/auth/me").status == 401)
        #expect(try await ada.api.delete("/api/v1/auth/sessions/\(id)").status == 404)
        #expect(try await ada.api.get("/api/v1/auth/sessions").json["items"].array?.count == 1)
    }

    @Test func `sessions are listed page by page`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        for _ in 0..<3 { _ = try await ada.logIn() }
        var ids: [String] = []
        var path = "/api/v1/auth/sessions?limit=3"
        var pages = 0
        while true {
            let page = try await ada.api.get(path).json
            ids += try #require(page["items"].array).compactMap { $0["id"].string }
            pages += 1
            guard let cursor = page["next_cursor"].string else { break }
            path = "/api/v1/auth/sessions?limit=3&cursor=\(cursor)"
        }
        #expect(pages == 2)
        #expect(ids.count == 4)
        #expect(ids == ids.sorted().reversed())
    }

    @Test func `somebody else's session is not there`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let items = try await ada.api.get("/api/v1/auth/sessions").json["items"]
        let id = try #require(items[0]["id"].string)
        #expect(try await eve.api.delete("/api/v1/auth/sessions/\(id)").status == 404)
        #expect(try await eve.api.delete("/api/v1/auth/sessions/x").status == 404)
        #expect(try await ada.api.get("/api/v1/auth/me").status == 200)
    }
}
