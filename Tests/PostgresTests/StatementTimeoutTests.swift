import Postgres
import TestKit
import Testing

/// The server ends what takes longer than `statement_timeout`, and the connections it was on are used on.
struct StatementTimeoutTests {
    @Test func `the time-out that the URL asks for`() async throws {
        let url = try await TestServers.shared().administrator.url
        try await check(PostgresConfiguration(url: url + "&options=-c%20statement_timeout%3D2000"))
    }

    @Test func `the time-out of the role`() async throws {
        try await TestDatabase.with { database in
            try await withClient(database.administrator) { client in
                // Of the role in this database alone: others log in as the same one.
                try await client.run(
                    statement: "ALTER ROLE CURRENT_USER IN DATABASE \(database.name) SET statement_timeout = 2000")
            }
            try await check(database.administrator)
        }
    }

    private func check(_ configuration: PostgresConfiguration) async throws {
        var configuration = configuration
        configuration.maximumLeases = 1
        try await withClient(configuration) { client in
            let shared = try await client.query(ownProcess)[0].decode(Int32.self, at: 0)
            let leased = try await client.withTransaction {
                try await $0.query(ownProcess)[0].decode(Int32.self, at: 0)
            }
            let single = await #expect(throws: PostgresError.self) { _ = try await client.query("SELECT pg_sleep(60)") }
            let inTransaction = await #expect(throws: PostgresError.self) {
                try await client.withTransaction { _ = try await $0.query("SELECT pg_sleep(60)") }
            }
            for error in [single, inTransaction] {
                #expect(error?.kind == .server(.queryCanceled))
                #expect(error?.message.contains("statement timeout") == true)
                #expect(error?.statement == "SELECT pg_sleep(60)")
            }
            #expect(try await client.query(ownProcess)[0].decode(Int32.self, at: 0) == shared)
            let later = try await client.withTransaction {
                try await $0.query(ownProcess)[0].decode(Int32.self, at: 0)
            }
            #expect(later == leased)
        }
    }

    private let ownProcess: SQL = "SELECT pg_backend_pid()"
}
