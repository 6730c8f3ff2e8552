import FoundationEssentials
import Kernel
import LocalStack
import Postgres
import TestKit
import Testing

struct TestServersTests {
    @Test func `every database is empty, migrated, and reached by the role of a service`() async throws {
        let first = try await TestDatabase.make()
        let second = try await TestDatabase.make()
        #expect(first.name != second.name)
        #expect(first.redisURL != second.redisURL)
        let user = try await withClient(first.configuration(.devices)) { client in
            try await client.query("SELECT current_user::text, current_database()::text").first?
                .decode(String.self, String.self)
        }
        #expect(user?.0 == "test_lms_devices")
        #expect(user?.1 == first.name)
        try await withClient(second.administrator) { client in
            let entities = try await client.query("SELECT 1 FROM core.entities")
            #expect(entities.isEmpty)
        }
    }

    @Test func `a database for the length of a test is gone after it`() async throws {
        let name = try await TestDatabase.with { $0.name }
        let servers = try await TestServers.shared()
        try await withClient(servers.administrator) { client in
            let databases = try await client.query("SELECT 1 FROM pg_database WHERE datname = \(name)")
            #expect(databases.isEmpty)
        }
    }

    @Test func `killed servers come back with what was committed, and leave nothing behind`() async throws {
        let servers = try await TestServers.start()
        let database = try await TestDatabase.make(on: servers)
        try await withClient(database.administrator) { client in
            _ = try await client.query("CREATE TABLE kept AS SELECT 7 AS n")
        }
        await servers.postgres?.kill()
        try await servers.postgres?.restart()
        try await withClient(database.administrator) { client in
            let kept = try await client.query("SELECT n FROM kept").first?.decode(Int32.self)
            #expect(kept == 7)
        }
        await servers.stop()
        #expect(await servers.postgres?.processID == nil)
        #expect(await servers.redis?.processID == nil)
    }
}
