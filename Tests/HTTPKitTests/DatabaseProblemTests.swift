import HTTPKit
import Hummingbird
import Postgres
import ServiceKit
import Synchronization
import TestKit
import Testing

@Suite struct DatabaseProblemTests {
    @Test func aDatabaseThatIsAwayIs503() async throws {
        let client = PostgresClient(try PostgresConfiguration(url: "postgres://nobody@127.0.0.1:1/none"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            try await ServedRoutes.with({ table in
                table.get("/rows", .public) { _, _ in JSON(["rows": try await client.query("SELECT 1").count]) }
            }) { served in
                let response = try await served.client.get("/rows")
                #expect(response.status == 503)
                #expect(response.header("retry-after") == "1")
            }
        }
    }

    @Test func aDatabaseThatStandsStillIs503AndNotReadyAtOnce() async throws {
        let servers = try await TestServers.start()
        let postgres = try #require(servers.postgres)
        try await withClient(servers.administrator) { client in
            try await ServedRoutes.with({ table in
                table.get("/rows", .public) { _, _ in
                    try await PostgresClient.$patience.withValue(.milliseconds(300)) {
                        JSON(["rows": try await client.query("SELECT 1").count])
                    }
                }
            }) { served in
                served.environment.health.registerDatabase(client)
                #expect(try await served.client.get("/readyz").status == 200)
                try await postgres.whileFrozen {
                    // The check's query goes on for as long as the background is patient, which nobody waits for.
                    let readiness = try await served.client.get("/readyz")
                    #expect(readiness.status == 503)
                    #expect(readiness.json["not_ready"]["database"].string?.contains("no answer within") == true)
                    let response = try await served.client.get("/rows")
                    #expect(response.status == 503)
                    #expect(response.header("retry-after") == "1")
                }
                try await eventually { try await served.client.get("/rows").status == 200 }
                try await eventually { try await served.client.get("/readyz").status == 200 }
            }
        }
        await servers.stop()
    }

    @Test func aRequestWaitsTenSecondsForTheDatabaseAndTheBackgroundLonger() async throws {
        let routes: @Sendable (inout RouteTable) -> Void = { table in
            table.get("/patience", .public) { _, _ in
                JSON(["seconds": Int(PostgresClient.patience?.components.seconds ?? 0)])
            }
        }
        try await ServedRoutes.with(routes) { served in
            let answer = try await served.client.get("/patience").json
            #expect(answer["seconds"] == 10)
        }
        #expect(PostgresClient.patience == nil)
    }

    @Test(arguments: [
        ("duplicate", 409), ("null", 422), ("range", 422), ("check", 422), ("reference", 409), ("syntax", 500),
        ("stopped", 503),
    ])
    func whatTheDatabaseRefusesIsTheClientsDoing(statement: String, status: Int) async throws {
        let statements: [String: SQL] = [
            "duplicate": "INSERT INTO things VALUES (1, 1)", "null": "INSERT INTO things VALUES (2, NULL)",
            "range": "SELECT 1 / 0", "check": "INSERT INTO things VALUES (2, -1)",
            "reference": "INSERT INTO parts VALUES (9)", "syntax": "SELECT FROM WHERE",
            "stopped": "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(60)",
        ]
        let sql = try #require(statements[statement])
        try await TestDatabase.with { database in
            try await withClient(database.administrator) { client in
                for statement in [
                    "CREATE TABLE things (id int PRIMARY KEY, size int NOT NULL CHECK (size > 0))",
                    "CREATE TABLE parts (thing int REFERENCES things)", "INSERT INTO things VALUES (1, 1)",
                ] {
                    try await client.run(statement: statement)
                }
                try await ServedRoutes.with({ table in
                    table.get("/rows", .public) { _, _ in JSON(["rows": try await client.query(sql).count]) }
                }) { served in
                    let response = try await served.client.get("/rows")
                    #expect(response.status == status)
                }
            }
        }
    }
}
