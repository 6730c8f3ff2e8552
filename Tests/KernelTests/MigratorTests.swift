import FoundationEssentials
import Postgres
import TestKit
import Testing

@testable import Kernel

struct MigrationFileTests {
    @Test(arguments: [("0001_a.sql", 1, nil), ("0042_b_c.timescale.sql", 42, DatabaseVariant.timescale)])
    func `a name tells version and variant`(name: String, version: Int, variant: DatabaseVariant?) throws {
        let parsed = try Migration.FileName(name)
        #expect(parsed.version == version && parsed.variant == variant)
    }

    @Test(arguments: ["1_a.sql", "0001.sql", "0001_.sql", "0001_a.mysql.sql", "0001_a.txt", "a.sql", "00001_a.sql"])
    func `a malformed name is refused`(name: String) {
        #expect(throws: KernelError.invalidMigrationName(name)) { try Migration.FileName(name) }
    }

    @Test func `a prefix that is no identifier is refused`() {
        #expect(throws: KernelError.self) { try RoleNames(prefix: "a; DROP ROLE b") }
    }
}

struct MigratorTests {
    /// Migration files in a folder of their own, for the length of `body`.
    private func withFiles(
        _ files: [String: String], _ body: @Sendable (_ folder: URL, TestDatabase, PostgresClient) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        let database = try await TestDatabase.make()
        try await withClient(database.ownerConfiguration(.devices)) { client in
            try await body(folder, database, client)
        }
    }

    private func migrator(_ folder: URL, _ database: TestDatabase, _ client: PostgresClient) -> Migrator {
        Migrator(component: "devices", directory: folder, roles: database.roles, database: client)
    }

    @Test func `files are applied in order, once, with the prefix of the roles`() async throws {
        let files = [
            "0002_fill.sql": "INSERT INTO devices.a VALUES (1); GRANT SELECT ON devices.a TO {{prefix}}lms_devices;",
            "0001_make.sql": "CREATE TABLE devices.a (id int8);",
            "0003_pair.timescale.sql": "INSERT INTO devices.a VALUES (2);",
            "0003_pair.postgres.sql": "INSERT INTO devices.a VALUES (2);",
        ]
        try await withFiles(files) { folder, database, client in
            let migrator = migrator(folder, database, client)
            let before = try await migrator.differences()
            let applied = try await migrator.migrate()
            let again = try await migrator.migrate()
            let after = try await migrator.differences()
            let rows = try await client.query("SELECT id FROM devices.a")
            #expect(before.count == 3)
            #expect(applied.map { $0.prefix(4) } == ["0001", "0002", "0003"])
            #expect(again.isEmpty && after.isEmpty)
            #expect(rows.count == 2)
        }
    }

    @Test func `many instances at once apply a file once`() async throws {
        let files = ["0001_make.sql": "CREATE TABLE devices.a (id int8); INSERT INTO devices.a VALUES (1);"]
        try await withFiles(files) { folder, database, client in
            let migrator = migrator(folder, database, client)
            let applied = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 { group.addTask { try await migrator.migrate().count } }
                return try await group.reduce(0, +)
            }
            #expect(applied == 1)
            let rows = try await client.query("SELECT id FROM devices.a")
            #expect(rows.count == 1)
        }
    }

    @Test func `many instances at once apply a file outside a transaction once`() async throws {
        let files = [
            "0001_make.sql": "CREATE TABLE devices.a (id int8);",
            "0002_slow.sql": "-- lms: no transaction\nINSERT INTO devices.a SELECT 1 FROM pg_sleep(0.3);",
            "0003_index.sql":
                "-- lms: no transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a_by_id ON devices.a (id);",
            "0004_more.sql": "INSERT INTO devices.a VALUES (2);",
        ]
        try await withFiles(files) { folder, database, client in
            let migrator = migrator(folder, database, client)
            let applied = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await migrator.migrate().count } }
                return try await group.reduce(0, +)
            }
            #expect(applied == 4)
            let rows = try await client.query("SELECT id FROM devices.a ORDER BY id")
            #expect(try rows.map { try $0.decode(Int.self, at: 0) } == [1, 2])
        }
    }

    @Test func `a file that changed after it was applied is told and not applied`() async throws {
        try await withFiles(["0001_make.sql": "CREATE TABLE devices.a (id int8);"]) { folder, database, client in
            let migrator = migrator(folder, database, client)
            try await migrator.migrate()
            try Data("CREATE TABLE devices.b (id int8);".utf8).write(to: folder.appending(path: "0001_make.sql"))
            await #expect(throws: KernelError.changedMigration("0001_make.sql")) { try await migrator.migrate() }
            let differences = try await migrator.differences()
            #expect(differences.count == 1)
        }
    }

    @Test func `a failing file leaves nothing behind`() async throws {
        let files = ["0001_make.sql": "CREATE TABLE devices.a (id int8); SELECT 1 / 0;"]
        try await withFiles(files) { folder, database, client in
            await #expect(throws: PostgresError.self) { try await migrator(folder, database, client).migrate() }
            let tables = try await client.query("SELECT 1 WHERE to_regclass('devices.a') IS NOT NULL")
            #expect(tables.isEmpty)
        }
    }

    @Test func `a file without a transaction may hold what cannot run in one`() async throws {
        let files = [
            "0001_make.sql": "CREATE TABLE devices.a (id int8);",
            "0002_index.sql":
                "-- lms: no transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a_by_id ON devices.a (id);",
        ]
        try await withFiles(files) { folder, database, client in
            let applied = try await migrator(folder, database, client).migrate()
            let index = try await client.query("SELECT 1 WHERE to_regclass('devices.a_by_id') IS NOT NULL")
            #expect(applied.count == 2)
            #expect(index.count == 1)
        }
    }
}
