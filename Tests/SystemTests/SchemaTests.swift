import Foundation
import LocalStack
import Postgres
import TestKit
import Testing

/// What `lms migrate` does, with the services' own executables and migrations.
struct SchemaTests {
    @Test func `what differs from the migrations in a live schema is named, and nothing else`() async throws {
        let database = try await TestDatabase.make()
        let logs = try StateFolder(
            path: FileManager.default.temporaryDirectory.path + "/lms-schema-" + UUID().uuidString)
        defer { try? FileManager.default.removeItem(atPath: logs.path) }
        let schema = Schema(
            Installation(
                administrator: database.administrator, redisURL: database.redisURL,
                secretKey: database.encodedSecretKey, roles: database.roles, ports: [:],
                inherited: ["PATH": "/usr/bin:/bin"]),
            binaries: SystemInstallation.binaries
        ) { logs.log("\($0)-migrate") }
        let before = try await schema.differences()
        #expect(before.contains("billing: 0001_billing.sql has not been applied"))
        try await schema.migrate()
        let ofFiles = try await schema.differences()
        let clean = try await schema.catalogDifferences()
        #expect(ofFiles == [])
        #expect(clean == [])
        try await withClient(database.administrator) { client in
            _ = try await client.batch([
                "DROP INDEX auth.sessions_by_user", "ALTER TABLE devices.devices ADD COLUMN colour text",
            ])
        }
        let differences = try await schema.catalogDifferences()
        #expect(
            differences == [
                "column devices.devices.colour is in no migration", "index auth.sessions_by_user is missing",
            ])
        try await withClient(database.administrator) { client in
            let left = try await client.query("SELECT 1 FROM pg_database WHERE datname LIKE 'lms\\_check\\_%'")
            #expect(left.isEmpty)
        }
    }
}
