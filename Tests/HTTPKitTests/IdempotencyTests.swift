import Foundation
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Logging
import NIOHTTP1
import Postgres
import TestKit
import Testing

@Suite struct IdempotencyTests {
    private struct Thing: Codable, Sendable {
        var name: String
    }

    /// Serves `POST /things`, which creates a row and answers a secret that is made anew each time.
    private func serve(
        _ body: @Sendable (_ served: ServedRoutes, _ count: @Sendable () async throws -> Int) async throws -> Void
    ) async throws {
        try await TestDatabase.with { database in
            try await withClient(database.ownerConfiguration(.devices)) { owner in
                try await owner.run(
                    statement: """
                        CREATE TABLE devices.idempotency (
                            principal text NOT NULL, key text NOT NULL, body_hash bytea NOT NULL, status int NOT NULL,
                            sealed_answer bytea NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
                            PRIMARY KEY (principal, key))
                        """)
                try await owner.run(statement: "CREATE TABLE devices.things (name text NOT NULL)")
            }
            try await withClient(database.configuration(.devices)) { client in
                let keys = try KeyRing(database.encodedSecretKey)
                let idempotency = Idempotency(
                    table: "devices.idempotency", database: client, sealer: Sealer(keys: keys),
                    logger: Logger(label: "test"))
                try await ServedRoutes.with({ table in
                    table.post("/public/{name}", .public) { request, context in
                        let name = try context.parameter("name")
                        return try await idempotency.create(Thing.self, request, context, as: .none, of: name) {
                            thing, transaction in
                            try await transaction.query("INSERT INTO devices.things (name) VALUES (\(thing.name))")
                            return JSON(["name": thing.name], status: .created)
                        }
                    }
                    table.post("/things", .user(atLeast: .member)) { request, context in
                        try await idempotency.create(Thing.self, request, context, as: .none) { thing, transaction in
                            guard thing.name != "refused" else { throw Problem.conflict("Refused.") }
                            try await transaction.query("INSERT INTO devices.things (name) VALUES (\(thing.name))")
                            return JSON(
                                ["secret": UUID().uuidString], status: .created, version: 1, location: "/x",
                                headers: [.cacheControl: "no-store"])
                        }
                    }
                }) { served in
                    try await body(served) {
                        let rows = try await client.query("SELECT count(*) FROM devices.things")
                        return try rows.first?.decode(Int.self) ?? 0
                    }
                }
            }
        }
    }

    @Test func theOrderOfMembersMakesNoOtherBody() async throws {
        try await serve { served, count in
            let user = try await served.user(.member)
            let headers: HTTPHeaders = ["idempotency-key": "k", "content-type": "application/json"]
            for body in [#"{"name": "a", "more": [1, {"x": 1, "y": 2}]}"#, #"{"more":[1,{"y":2,"x":1}],"name":"a"}"#] {
                #expect(try await user.send(.POST, "/things", headers: headers, body: Array(body.utf8)).status == 201)
            }
            let other = #"{"name": "a", "more": [{"x": 1, "y": 2}, 1]}"#
            #expect(try await user.send(.POST, "/things", headers: headers, body: Array(other.utf8)).status == 422)
            #expect(try await count() == 1)
        }
    }

    @Test func theSameKeyAndBodyGetTheFirstAnswerAgain() async throws {
        try await serve { served, count in
            let user = try await served.user(.member)
            let first = try await user.post("/things", ["name": "a"], headers: ["idempotency-key": "k"])
            let second = try await user.post("/things", ["name": "a"], headers: ["idempotency-key": "k"])
            #expect(first.status == 201)
            #expect(second.status == 201)
            #expect(second.body == first.body)
            #expect(second.header("location") == "/x")
            #expect(first.header("cache-control") == "no-store")
            #expect(second.header("cache-control") == "no-store")
            #expect(second.header("etag") == "\"1\"")
            #expect(second.header("content-type") == "application/json")
            let created = try await count()
            #expect(created == 1)
        }
    }

    @Test func anotherBodyIs422() async throws {
        try await serve { served, count in
            let user = try await served.user(.member)
            _ = try await user.post("/things", ["name": "a"], headers: ["idempotency-key": "k"])
            let other = try await user.post("/things", ["name": "b"], headers: ["idempotency-key": "k"])
            #expect(other.status == 422)
            #expect(other.json["errors"][0]["field"].string == "Idempotency-Key")
            let created = try await count()
            #expect(created == 1)
        }
    }

    @Test func anotherUsersKeyIsAnotherKey() async throws {
        try await serve { served, count in
            let first = try await served.user(.member).post(
                "/things", ["name": "a"], headers: ["idempotency-key": "k"])
            let second = try await served.user(.member).post(
                "/things", ["name": "a"], headers: ["idempotency-key": "k"])
            #expect(first.body != second.body)
            let created = try await count()
            #expect(created == 2)
        }
    }

    @Test func strangersHaveKeysOfTheirOwn() async throws {
        try await serve { served, count in
            for (subject, name, status) in [("ada", "a", 201), ("eve", "b", 201), ("ada", "b", 422), ("ada", "a", 201)]
            {
                let response = try await served.client.post(
                    "/public/\(subject)", ["name": .string(name)], headers: ["idempotency-key": "k"])
                #expect(response.status == status)
            }
            let created = try await count()
            #expect(created == 2)
        }
    }

    @Test func ofManyRequestsAtOnceOneCreates() async throws {
        try await serve { served, count in
            let token = try await served.token(.member)
            let client = served.client.authorized(token)
            let bodies = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await client.post("/things", ["name": "a"], headers: ["idempotency-key": "k"]).body
                    }
                }
                return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
            }
            #expect(bodies.count == 1)
            let created = try await count()
            #expect(created == 1)
        }
    }

    @Test func whatWasRefusedMayBeTriedAgain() async throws {
        try await serve { served, count in
            let user = try await served.user(.member)
            let refused = try await user.post("/things", ["name": "refused"], headers: ["idempotency-key": "k"])
            #expect(refused.status == 409)
            let accepted = try await user.post("/things", ["name": "a"], headers: ["idempotency-key": "k"])
            #expect(accepted.status == 201)
            let created = try await count()
            #expect(created == 1)
        }
    }

    @Test func withoutAKeyEveryRequestCreates() async throws {
        try await serve { served, count in
            let user = try await served.user(.member)
            _ = try await user.post("/things", ["name": "a"])
            _ = try await user.post("/things", ["name": "a"])
            let created = try await count()
            #expect(created == 2)
        }
    }

    @Test(arguments: [(0, 422), (1, 201), (255, 201), (256, 422)])
    func aKeyHasABoundedLength(length: Int, status: Int) async throws {
        try await serve { served, count in
            let user = try await served.user(.member)
            let headers: HTTPHeaders = ["idempotency-key": String(repeating: "k", count: length)]
            for _ in 0..<2 {
                #expect(try await user.post("/things", ["name": "a"], headers: headers).status == status)
            }
            #expect(try await count() == (status == 201 ? 1 : 0))
        }
    }
}
