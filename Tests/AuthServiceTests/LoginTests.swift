import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct LoginTests {
    @Test func `the right password opens a session`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let response = try await ada.client.post(
            "/api/v1/auth/login",
            ["email": .string(" " + ada.email.uppercased()), "password": .string(Newcomer.password)])
        #expect(response.status == 200)
        #expect(response.json["user"]["id"].string == ada.id)
        #expect(response.json["user"]["organization_id"].string == ada.organizationID)
        #expect(response.json["organization"].isNull)
        let token = try #require(response.json["access_token"].string)
        #expect(try await ada.client.authorized(token).get("/api/v1/auth/me").status == 200)
    }

    @Test func `a wrong password and an unknown account are told alike`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let wrong = try await ada.logIn(password: "wrong horse battery")
        let unknown = try await server.client().post(
            "/api/v1/auth/login", ["email": "nobody@example.org", "password": "wrong horse battery"])
        let malformed = try await server.client().post("/api/v1/auth/login", ["email": "\u{0}", "password": "\u{0}"])
        for response in [wrong, unknown, malformed] {
            #expect(response.status == 401)
            #expect(response.json["detail"] == wrong.json["detail"])
            #expect(response.header("www-authenticate") == "Bearer")
        }
    }

    @Test func `an account that is not active cannot sign in`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        _ = try await server.query("UPDATE auth.users SET is_active = false WHERE id = \(UUID(uuidString: ada.id))")
        #expect(try await ada.logIn().status == 401)
        #expect(try await ada.refresh(ada.refreshToken).status == 401)
    }

    @Test func `after five failures an account is held up, even for the right password`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        for _ in 0..<5 { #expect(try await ada.logIn(password: "wrong horse battery").status == 401) }
        let response = try await ada.logIn()
        #expect(response.status == 429)
        let wait = try #require(response.header("retry-after").flatMap(Int.init))
        #expect((1...12).contains(wait))
    }

    @Test func `an account that does not exist is held up likewise`() async throws {
        let client = try await AuthServer.shared().client()
        let body: JSONValue = ["email": .string(AuthServer.newAddress()), "password": "wrong horse battery"]
        let (failures, time) = try await failuresUntilHeldUp {
            try await client.post("/api/v1/auth/login", body).status
        }
        #expect((5...5 + Int(time / .seconds(12))).contains(failures))
    }

    @Test func `the right password clears what failed before`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        for _ in 0..<3 {
            for _ in 0..<4 { #expect(try await ada.logIn(password: "wrong horse battery").status == 401) }
            #expect(try await ada.logIn().status == 200)
        }
    }

    @Test func `what fails at one instance is held against an account at the others, and forgiven there too`()
        async throws
    {
        let database = try await AuthServer.makeDatabase()
        let (first, second) = (try await AuthServer.start(on: database), try await AuthServer.start(on: database))
        let (ada, grace) = (try await first.newcomer(), try await first.newcomer())
        let elsewhere = second.client()
        func logIn(_ person: Newcomer, at client: TestHTTPClient, _ password: String) async throws -> Int {
            try await client.post(
                "/api/v1/auth/login", ["email": .string(person.email), "password": .string(password)]
            ).status
        }
        for client in [ada.client, elsewhere, ada.client, elsewhere, ada.client] {
            #expect(try await logIn(ada, at: client, "wrong horse battery") == 401)
        }
        for client in [ada.client, elsewhere] { #expect(try await logIn(ada, at: client, Newcomer.password) == 429) }

        // Whoever forgives, four more fit at either.
        for (forgiving, other) in [(grace.client, elsewhere), (elsewhere, grace.client)] {
            for client in [forgiving, other, forgiving, other] {
                #expect(try await logIn(grace, at: client, "wrong horse battery") == 401)
            }
            #expect(try await logIn(grace, at: forgiving, Newcomer.password) == 200)
            for _ in 0..<4 { #expect(try await logIn(grace, at: other, "wrong horse battery") == 401) }
            #expect(try await logIn(grace, at: other, Newcomer.password) == 200)
        }
    }

    @Test func `guessing at once does not get around the limit`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<24 {
                group.addTask { try await ada.logIn(password: "wrong horse battery").status }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        let workers = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
        #expect(statuses.filter { $0 == 401 }.count <= 5 + workers - 1)
        #expect(Set(statuses).isSubset(of: [401, 429]))
    }

    @Test func `an address of the network is held up after thirty failures`() async throws {
        let client = try await AuthServer.shared().client()
        let (failures, time) = try await failuresUntilHeldUp {
            let body: JSONValue = ["email": .string(AuthServer.newAddress()), "password": "wrong horse battery"]
            return try await client.post("/api/v1/auth/login", body).status
        }
        #expect((30...30 + Int(time / .seconds(2))).contains(failures))
    }

    /// Tries until it is answered 429, and says how often it was answered 401 before, and how long that took: on a slow
    /// machine some of the first failures are forgiven by then.
    private func failuresUntilHeldUp(_ attempt: () async throws -> Int) async throws -> (Int, Duration) {
        let start = ContinuousClock.now
        for failures in 0..<100 {
            let status = try await attempt()
            if status == 429 { return (failures, start.duration(to: .now)) }
            #expect(status == 401)
        }
        return (100, start.duration(to: .now))
    }

    @Test func `without Redis one signs in, and guessing is slowed down all the same`() async throws {
        // Nobody listens on the port for discarding.
        let server = try await AuthServer.start(on: AuthServer.makeDatabase(), redisURL: "redis://127.0.0.1:9/0")
        let ada = try await server.newcomer()
        #expect(try await ada.logIn().status == 200)
        for _ in 0..<5 { #expect(try await ada.logIn(password: "wrong horse battery").status == 401) }
        #expect(try await ada.logIn().status == 429)
        #expect(try await ada.api.post("/api/v1/auth/logout").status == 204)
        #expect(try await ada.api.get("/api/v1/auth/me").status == 401)
    }
}
