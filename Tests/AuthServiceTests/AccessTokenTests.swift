import EventBus
import Foundation
import Identity
import Kernel
import Postgres
import Redis
import TestKit
import Testing

@testable import AuthService

@Suite struct AccessTokenTests {
    private static let me = "/api/v1/auth/me"
    private static let tokens = "/api/v1/auth/tokens"

    // MARK: Making and listing

    @Test func `a token is shown once and then listed with when it was last used`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let made = try await ada.makeAccessToken([
            "name": " Export ", "scopes": ["readings:read", "profile:read", "profile:read"],
            "expires_at": "2090-01-01T00:00:00Z",
        ])
        #expect(made.status == 201)
        #expect(made.header("cache-control") == "no-store")
        #expect(made.json["name"] == "Export")
        #expect(made.json["scopes"] == ["readings:read", "profile:read"])
        #expect(made.json["organization_id"].string == ada.organizationID)
        #expect(made.json["expires_at"] == "2090-01-01T00:00:00.000000Z")
        let secret = try #require(made.json["token"].string)
        #expect(secret.hasPrefix("lms_pat_"))

        let unused = try await ada.api.get(Self.tokens)
        #expect(unused.json["items"][0]["id"] == made.json["id"])
        #expect(unused.json["items"][0]["last_used_at"].isNull)
        #expect(!unused.text.contains(secret))
        #expect(try await ada.client.authorized(secret).get(Self.me).json["id"].string == ada.id)
        #expect(try await ada.api.get(Self.tokens).json["items"][0]["last_used_at"].string != nil)

        let stored = try await server.query(
            "SELECT count(*) FROM auth.api_tokens t WHERE t::text LIKE \("%\(secret)%")")
        #expect(try stored.first?.decode(Int.self, at: 0) == 0)
    }

    @Test func `its use is written once a minute at most`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let made = try await ada.makeAccessToken([:])
        let secret = try #require(made.json["token"].string)
        let store = "/internal/v1/api-tokens/\(SecretHash(of: secret).hex)"
        let service = server.client().authorized(try await server.internalToken())
        func versionOfRow() async throws -> String? {
            try await server.query(
                "SELECT xmin::text FROM auth.api_tokens WHERE id = \(UUID(uuidString: made.json["id"].string ?? ""))"
            ).first?.decode(String.self)
        }
        let unused = try await versionOfRow()
        #expect(try await service.get(store).status == 200)
        let used = try await versionOfRow()
        #expect(used != unused)
        for _ in 0..<3 { #expect(try await service.get(store).status == 200) }
        #expect(try await versionOfRow() == used)
    }

    @Test(
        arguments: [
            ("name", "", "name"), ("name", "a\u{0}b", "name"), ("name", 7, "name"), ("scopes", [], "scopes"),
            ("scopes", "profile:read", "scopes"), ("scopes", ["profile:read", "root"], "scopes[1]"),
            ("scopes", ["profile:admin"], "scopes[0]"), ("expires_at", "2020-01-01T00:00:00Z", "expires_at"),
            ("expires_at", "tomorrow", "expires_at"),
        ] as [(String, JSONValue, String)])
    func `what is wrong with it is named`(field: String, value: JSONValue, named: String) async throws {
        let ada = try await AuthServer.shared().newcomer()
        let response = try await ada.makeAccessToken([field: value])
        #expect(response.status == 422)
        #expect(response.json["errors"][0]["field"].string == named)
        #expect(try await ada.api.get(Self.tokens).json["items"] == [])
    }

    @Test func `the same request again answers the same token, and a hundred are enough`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let body: JSONValue = ["name": "script", "scopes": ["profile:read"]]
        let first = try await ada.api.post(Self.tokens, body, headers: ["idempotency-key": "1"])
        let second = try await ada.api.post(Self.tokens, body, headers: ["idempotency-key": "1"])
        #expect(first.json["token"] == second.json["token"])
        #expect(try await ada.api.get(Self.tokens).json["items"].array?.count == 1)
        _ = try await server.query(
            """
            INSERT INTO auth.api_tokens (id, hash, user_id, organization_id, name, scopes)
            SELECT gen_random_uuid(), gen_random_uuid()::text::bytea, user_id, organization_id, name, scopes
            FROM auth.api_tokens, generate_series(1, 99) WHERE user_id = \(UUID(uuidString: ada.id))
            """)
        #expect(try await ada.makeAccessToken([:]).status == 409)
    }

    @Test func `somebody without an organization makes none`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        _ = try await server.query("DELETE FROM auth.memberships WHERE user_id = \(UUID(uuidString: ada.id))")
        let access = try #require(try await ada.logIn().json["access_token"].string)
        let body: JSONValue = ["name": "script", "scopes": ["profile:read"]]
        #expect(try await ada.client.authorized(access).post(Self.tokens, body).status == 403)
    }

    @Test func `tokens are listed page by page, one's own alone`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        for _ in 0..<3 { _ = try await ada.makeAccessToken([:]) }
        let first = try await ada.api.get("\(Self.tokens)?limit=2").json
        let cursor = try #require(first["next_cursor"].string)
        let second = try await ada.api.get("\(Self.tokens)?limit=2&cursor=\(cursor)").json
        #expect(first["items"].array?.count == 2)
        #expect(second["items"].array?.count == 1)
        #expect(try await eve.api.get(Self.tokens).json["items"] == [])
        let id = try #require(first["items"][0]["id"].string)
        #expect(try await eve.api.delete("\(Self.tokens)/\(id)").status == 404)
        #expect(try await ada.api.delete("\(Self.tokens)/x").status == 404)
        #expect(try await ada.api.delete("\(Self.tokens)/\(id)").status == 204)
        #expect(try await ada.api.delete("\(Self.tokens)/\(id)").status == 404)
    }

    @Test func `of many that are made at once no more are there than fit`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        #expect(try await ada.makeAccessToken([:]).status == 201)
        _ = try await server.query(
            """
            INSERT INTO auth.api_tokens (id, hash, user_id, organization_id, name, scopes)
            SELECT gen_random_uuid(), gen_random_uuid()::text::bytea, user_id, organization_id, name, scopes
            FROM auth.api_tokens, generate_series(1, 97) WHERE user_id = \(UUID(uuidString: ada.id))
            """)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { try await ada.makeAccessToken([:]).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 201 }.count == 2)
        #expect(Set(statuses) == [201, 409])
    }

    // MARK: What others are told

    @Test func `its making and its end are audited and told, the secret never`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let made = try await ada.makeAccessToken([:])
        let (id, secret) = try (#require(made.json["id"].string), #require(made.json["token"].string))
        #expect(try await ada.api.delete("\(Self.tokens)/\(id)").status == 204)
        let audited = try await server.query(
            """
            SELECT event_type FROM core.events
            WHERE entity_id = \(UUID(uuidString: ada.id)) AND data ->> 'token_id' = \(id) ORDER BY id
            """)
        let types = try audited.map { try $0.decode(String.self, at: 0) }
        #expect(types == ["api_token.issued", "api_token.revoked"])
        let told = try await eventually {
            let events = try await server.events(about: id)
            return events.count == 2 ? events : nil
        }
        #expect(told.map(\.type) == ["api_token.issued", "api_token.revoked"])
        for event in told {
            let json = String(decoding: event.json, as: UTF8.self)
            #expect(json.contains(SecretHash(of: secret).hex))
            #expect(!json.contains(secret))
        }
    }

    @Test func `services are told whom a token stands for, and of no other`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let secret = try #require(try await ada.makeAccessToken([:]).json["token"].string)
        let service = server.client().authorized(try await server.internalToken())
        let path = "/internal/v1/api-tokens/"
        let holder = try await service.get(path + SecretHash(of: secret).hex).json
        #expect(holder["user_id"].string?.lowercased() == ada.id)
        #expect(holder["organization_id"].string?.lowercased() == ada.organizationID)
        #expect(holder["role"] == "owner")
        #expect(holder["scopes"] == ["profile:read"])
        for hash in ["x", String(repeating: "0", count: 64)] {
            #expect(try await service.get(path + hash).status == 404)
        }
    }

    // MARK: Ending

    @Test func `a token that has expired does not hold`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let token = try await ada.accessToken([TokenScope(.profile, .read)])
        _ = try await server.query(
            "UPDATE auth.api_tokens SET expires_at = now() WHERE user_id = \(UUID(uuidString: ada.id))")
        #expect(try await token.get(Self.me).status == 401)
        #expect(try await ada.api.get(Self.tokens).json["items"] == [])
    }

    @Test(arguments: [true, false])
    func `a deleted token is refused by every instance within a second, with Redis and without`(
        hasRedis: Bool
    ) async throws {
        let server = try await AuthServer.shared()
        let other = try await AuthServer.start(
            on: server.database, redisURL: hasRedis ? nil : "redis://127.0.0.1:1")
        let ada = try await server.newcomer()
        let made = try await ada.makeAccessToken([:])
        let (id, secret) = try (#require(made.json["id"].string), #require(made.json["token"].string))
        let elsewhere = other.client().authorized(secret)
        #expect(try await elsewhere.get(Self.me).status == 200)
        #expect(try await ada.api.delete("\(Self.tokens)/\(id)").status == 204)
        #expect(try await ada.client.authorized(secret).get(Self.me).status == 401)
        try await eventually(within: .seconds(1)) { try await elsewhere.get(Self.me).status == 401 }
    }

    @Test func `a token has its user's present role, wherever it was presented before`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let secret = try #require(try await ada.makeAccessToken([:]).json["token"].string)
        let store = AccessTokenLookup(server: server, hash: SecretHash(of: secret))
        #expect(try await store.role() == "owner")
        try await server.change(ada) { "UPDATE auth.memberships SET role = 'viewer' WHERE user_id = \($0)" }
        #expect(try await store.role() == "viewer")
        try await server.change(ada) { "DELETE FROM auth.memberships WHERE user_id = \($0)" }
        #expect(try await store.role() == .null)
        _ = try await server.query(
            """
            INSERT INTO auth.memberships (organization_id, user_id, role)
            VALUES (\(UUID(uuidString: ada.organizationID)), \(UUID(uuidString: ada.id)), 'owner')
            """)
        // Who comes back comes without the old tokens.
        #expect(try await store.role() == .null)
    }

    @Test func `a token ends with its user's place or account, and not with a password`() async throws {
        let server = try await AuthServer.shared()
        let changes: [(status: Int, change: @Sendable (UUID) -> SQL)] = [
            (401, { id in "DELETE FROM auth.memberships WHERE user_id = \(id)" }),
            (401, { id in "UPDATE auth.users SET is_active = false WHERE id = \(id)" }),
            (200, { id in "UPDATE auth.credentials SET changed_at = now() WHERE user_id = \(id)" }),
        ]
        for (status, change) in changes {
            let ada = try await server.newcomer()
            let token = try await ada.accessToken([TokenScope(.profile, .read)])
            #expect(try await token.get(Self.me).status == 200)
            try await server.change(ada, change)
            #expect(try await token.get(Self.me).status == status)
        }
    }
}

/// What auth answers the other services about a token.
private struct AccessTokenLookup {
    let server: AuthServer
    let hash: SecretHash

    /// Null when the token does not hold.
    func role() async throws -> JSONValue {
        let service = server.client().authorized(try await server.internalToken())
        let response = try await service.get("/internal/v1/api-tokens/\(hash.hex)")
        return response.status == 200 ? response.json["role"] : .null
    }
}

extension AuthServer {
    /// Changes something about a user, and revokes what was issued to the user before, as the routes that change it do:
    /// in one transaction, and told at once.
    fileprivate func change(_ user: Newcomer, _ update: @escaping @Sendable (UUID) -> SQL) async throws {
        let id = try #require(UUID(uuidString: user.id))
        let revocation = try await withClient(database.administrator) { client in
            try await client.withTransaction { transaction in
                try await transaction.query(update(id))
                return try await RevocationStore.insert(.user(id), lasting: .seconds(3600), transaction)
            }
        }
        let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
        let runner = Task { await redis.run() }
        defer { runner.cancel() }
        try await redis.waitUntilConnected()
        _ = try await redis.publish(Array(JSONEncoder().encode(revocation)), to: Revocation.channel)
        try await eventually { try await user.api.get("/api/v1/auth/me").status == 401 }
    }
}
