import HTTPKit
import Hummingbird
import Postgres
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

    @Test(arguments: [
        ("duplicate", 409), ("null", 422), ("range", 422), ("check", 422), ("reference", 409), ("syntax", 500),
    ])
    func whatTheDatabaseRefusesIsTheClientsDoing(statement: String, status: Int) async throws {
        let statements: [String: SQL] = [
            "duplicate": "INSERT INTO things VALUES (1, 1)", "null": "INSERT INTO things VALUES (2, NULL)",
            "range": "SELECT 1 / 0", "check": "INSERT INTO things VALUES (2, -1)",
            "reference": "INSERT INTO parts VALUES (9)", "syntax": "SELECT FROM WHERE",
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
